"""A scripted daemon on a real socket: what a command is told, and what it then says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from noond.cli.main import run_command


@dataclass(slots=True, kw_only=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    authorization: str | None
    headers: dict[str, str]


@dataclass(slots=True, kw_only=True)
class ScriptedDaemon:
    """Answers each (method, path) with its replies in turn, the last one again and again.

    A reply is (status, body); a body of bytes is sent as it is, as an event stream of `task_id`.
    """

    replies: dict[tuple[str, str], list[tuple[int, Any]]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    task_id: str = ""

    def on(self, method: str, path: str, *replies: tuple[int, Any]) -> None:
        self.replies[method, f"/api/v1{path}"] = list(replies)

    def items(self, path: str, *items: dict[str, Any]) -> None:
        self.on("GET", path, (200, {"items": list(items), "next": None}))

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        found = self.replies.get((method, path))
        if not found:
            return 404, {"code": "not_found", "title": "There is no such thing here."}
        return found.pop(0) if len(found) > 1 else found[0]

    def sent(self, method: str, path: str) -> list[Request]:
        return [r for r in self.requests if (r.method, r.path) == (method, f"/api/v1{path}")]


def _handler(daemon: ScriptedDaemon) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            address = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            daemon.requests.append(
                Request(
                    method=self.command,
                    path=address.path,
                    query=parse_qs(address.query),
                    body=json.loads(content) if content else None,
                    authorization=self.headers.get("Authorization"),
                    headers=dict(self.headers.items()),
                )
            )
            status, body = daemon.answer(self.command, address.path)
            raw = isinstance(body, bytes)
            sent = body if raw else b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if raw else "application/json")
            if raw and daemon.task_id:
                self.send_header("X-Task-ID", daemon.task_id)
            if status == 429:
                self.send_header("Retry-After", "7")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the base's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

    return Handler


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedDaemon]:
    """A daemon that NOOND_URL points to."""
    scripted = ScriptedDaemon()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(scripted))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    scripted.url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("NOOND_URL", scripted.url)
    monkeypatch.setenv("NOOND_API_KEY", "noond_key")
    yield scripted
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass(slots=True, kw_only=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        return [line.split("\t") for line in self.out.splitlines()]

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Noond = Callable[..., Outcome]


@pytest.fixture
def noond(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Noond:
    """Runs a command line in this process, with a data directory of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = run_command(arguments)
        captured = capsys.readouterr()
        return Outcome(code=code, out=captured.out, err=captured.err)

    return run


@pytest.fixture
def agent() -> dict[str, Any]:
    """An agent as the API shows it."""
    return {
        "id": "0199c2d1-0000-7000-8000-000000000001",
        "kind": "local",
        "name": "notes",
        "device_id": "laptop",
        "directory_paths": ["/home/ana/Notes"],
        "file_extensions": [".md"],
        "prompt_template": "",
        "data_types": ["tasks"],
        "schedule_cron": "0 8 * * 1-5",
        "timezone": "Europe/Berlin",
        "missed": "latest",
        "max_age_hours": 24,
        "quiet_hours": None,
        "enabled": True,
        "default_project_id": None,
        "created_at": "2026-11-20T08:00:00.000Z",
        "updated_at": "2026-11-20T08:00:00.000Z",
        "last_run_at": None,
        "next_fires": ["2026-11-23T07:00:00.000Z", "2026-11-24T07:00:00.000Z"],
        "schedule_note": None,
    }


@pytest.fixture
def run(agent: dict[str, Any]) -> dict[str, Any]:
    """A run of that agent as the API shows it."""
    return {
        "id": "0199c2d1-0000-7000-8000-0000000000aa",
        "agent_id": agent["id"],
        "agent_name": "notes",
        "agent_type": "local",
        "device_id": "laptop",
        "trigger": "manual",
        "mode": "full",
        "applied_at": None,
        "reverted_at": None,
        "estimate": None,
        "status": "success",
        "waiting_for": None,
        "waiting_note": None,
        "scheduled_for": None,
        "late_reason": None,
        "created_at": "2026-11-20T08:00:00.000Z",
        "started_at": "2026-11-20T08:00:00.100Z",
        "completed_at": "2026-11-20T08:00:02.600Z",
        "items_processed": 2,
        "items_created": 1,
        "deliveries": {"pending": 0, "delivered": 1, "failed": 0},
        "errors": [],
        "coverage": {
            "listed": 2, "unchanged": 0, "read": 2, "skipped": 0, "failed": 0,
            "dropped": {"not_in_source": 3},
        },
        "usage": {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0},
    }  # fmt: skip


@pytest.fixture
def record() -> dict[str, Any]:
    """A record of that run as the API shows it."""
    return {
        "id": "0199c2d1-0000-7000-8000-0000000000f1",
        "delivery_id": "0199c2d1-0000-7000-8000-0000000000f1",
        "table": "tasks",
        # 2026-11-27 00:00 in Berlin
        "data": {"title": "Send the contract", "dueDate": 1795734000000},
        "path": "a/standup.md",
        "quote": "Ana will send\n  the contract by Friday",
        "span": [10, 48],
        "sha256": "0" * 64,
        "extractor": "embedded",
        "status": "failed",
        "error": "no such table\x1b[31m",
        "device_record_id": None,
        "decision": None,
        "retraction": None,
        "retraction_error": None,
        "created_at": "2026-11-20T08:00:02.000Z",
    }
