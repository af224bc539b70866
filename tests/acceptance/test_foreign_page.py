"""A page of another origin in a real browser, on the machine of somebody who runs noond."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from browser import browsing
from declared_routes import declared_routes
from running_daemon import RunningDaemon, new_daemon

PAGE = Path(__file__).parents[1] / "support" / "foreign_page.html"
SECONDS = 90
EVIL = "evil.example"
WRITTEN_LATER = ("job", "request_logs")
"""Tables to which the daemon may still write what was done before the page came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a page got to read, and how often it tried."""

    read: list[str]
    attempts: int


@asynccontextmanager
async def evil_server() -> AsyncIterator[EvilServer]:
    """The page's own server."""
    server = EvilServer()
    runner = web.AppRunner(server.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


class EvilServer:
    """Shows the page, tells it whom to attack, and hears what it got."""

    def __init__(self) -> None:
        self.port = 0
        self._plan: dict[str, Any] = {}
        self._reported: asyncio.Future[Report] = asyncio.get_running_loop().create_future()

    def application(self) -> web.Application:
        """Its three pages."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/", self._show),
                web.get("/plan", self._tell),
                web.post("/report", self._hear),
            ]
        )
        return application

    async def _show(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE)

    async def _tell(self, _request: web.Request) -> web.Response:
        return web.json_response(self._plan)

    async def _hear(self, request: web.Request) -> web.Response:
        self._reported.set_result(Report(**json.loads(await request.text())))
        return web.Response()

    async def attack(
        self, daemon_url: str, home: Path, ids: dict[str, str], *, host: str, key: str | None
    ) -> Report:
        """Have the page, under the name `host`, do to the daemon what it can."""
        port = daemon_url.rpartition(":")[2]
        self._plan = {
            "bases": [f"http://{name}:{port}" for name in ("127.0.0.1", "localhost", EVIL)],
            "routes": [
                {
                    "method": route.method,
                    "path": re.sub(r"\{(\w+)\}", lambda name: ids.get(name[1], "x"), route.path),
                }
                for route in declared_routes()
            ],
            "protocols": [["noond.v1"], ["noond.events.v1"], []],
            "headers": {} if key is None else {"Authorization": f"Bearer {key}"},
        }
        async with (
            browsing(
                f"http://{host}:{self.port}/", home, f"--host-resolver-rules=MAP {EVIL} 127.0.0.1"
            ),
            asyncio.timeout(SECONDS),
        ):
            return await self._reported


def everything(daemon: RunningDaemon) -> dict[str, list[Any]]:
    """All rows of the daemon's database, by table."""
    with contextlib.closing(sqlite3.connect(daemon.data_dir / "noond.db")) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in tables
            if not table.startswith(WRITTEN_LATER)
        }


@pytest.fixture
def daemon(tmp_path: Path) -> RunningDaemon:
    return new_daemon(tmp_path)


async def prepared(api: Any) -> dict[str, str]:
    """A device and an agent to attack; their ids by the name in a path."""
    await api.pair("laptop")
    agent_id = await api.add_agent()
    run_id = await api.start_run(agent_id)
    await api.post(f"/api/v1/runs/{run_id}/cancel")
    await api.until(run_id)
    me = await api.get("/api/v1/auth/me")
    return {
        "agent_id": agent_id,
        "run_id": run_id,
        "device_id": "laptop",
        "user_id": me["user"]["id"],
        "key_id": me["credential"]["id"],
    }


@pytest.mark.parametrize(("host", "stolen"), [("localhost", True), (EVIL, False)])
async def test_it_reads_nothing_and_changes_nothing(
    daemon: RunningDaemon, tmp_path: Path, host: str, stolen: bool
) -> None:
    """A page that has even stolen the API key can't use it."""
    key = daemon.api_key if stolen else None
    async with daemon.started() as api, evil_server() as server:
        ids = await prepared(api)
        before = everything(daemon)

        report = await server.attack(api.url, tmp_path, ids, host=host, key=key)

        assert report.read == []
        assert report.attempts > 500
        assert everything(daemon) == before


async def test_an_allowed_page_with_a_key_reads_and_changes(
    daemon: RunningDaemon, tmp_path: Path
) -> None:
    """The same page, let in: the attacks are real."""
    async with evil_server() as server:
        origins = [f"http://{EVIL}:{server.port}"]
        async with daemon.started(server={"allowed_origins": origins}) as api:
            ids = await prepared(api)
            before = everything(daemon)

            report = await server.attack(api.url, tmp_path, ids, host=EVIL, key=daemon.api_key)

            assert any(": 200 " in line for line in report.read)
            assert everything(daemon) != before
