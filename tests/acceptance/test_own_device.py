"""The example devices as their users have them: programs of their own, a real daemon."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from node import NODE

if TYPE_CHECKING:
    from tests.acceptance.conftest import Machine

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "device"
NODE_MODULES = ROOT / "tests" / "servers" / "node" / "node_modules"

both_devices = pytest.mark.parametrize("kind", ["node", "python"])


@dataclass(slots=True)
class Between:
    """Stands between a device and the daemon, sees the answers and can lose one."""

    daemon: str
    url: str = ""
    lose_next_answer: bool = False
    lost: list[str] = field(default_factory=list)
    answers: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    welcomed: asyncio.Event = field(default_factory=asyncio.Event)

    async def pair(self, request: web.Request) -> web.Response:
        """Passed on; the socket's address becomes that of this proxy."""
        async with (
            aiohttp.ClientSession() as http,
            http.post(self.daemon + request.path, json=await request.json()) as reply,
        ):
            paired = await reply.json()
            paired["ws_url"] = self.url.replace("http", "ws", 1) + "/ws/device"
            return web.json_response(paired, status=reply.status)

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Passed on frame by frame, closes too."""
        near = web.WebSocketResponse(protocols=["noond.v1"])
        token = {"Authorization": request.headers["Authorization"]}
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(
                self.daemon + request.path, headers=token, protocols=["noond.v1"]
            ) as far,
        ):
            await near.prepare(request)
            downward = asyncio.create_task(self._downward(far, near))
            async for message in near:
                if self._lose(message.data):
                    assert request.transport is not None
                    request.transport.abort()
                    break
                await far.send_str(message.data)
            downward.cancel()
            await asyncio.gather(downward, return_exceptions=True)
        return near

    def _lose(self, text: str) -> bool:
        frame = json.loads(text)
        if frame["type"] != "tool_result":
            return False
        self.answers[frame["id"]].append(frame["result"])
        if not self.lose_next_answer:
            return False
        self.lose_next_answer = False
        self.lost.append(frame["id"])
        return True

    async def _downward(
        self, far: aiohttp.ClientWebSocketResponse, near: web.WebSocketResponse
    ) -> None:
        async for message in far:
            await near.send_str(message.data)
            if json.loads(message.data)["type"] == "welcome":
                self.welcomed.set()
        await near.close(code=far.close_code or 1006)


@asynccontextmanager
async def between(daemon: str) -> AsyncIterator[Between]:
    """A proxy on a free port before this daemon."""
    proxy = Between(daemon)
    application = web.Application()
    application.router.add_post("/api/v1/devices/pair", proxy.pair)
    application.router.add_get("/ws/device", proxy.connect)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield proxy
    finally:
        await runner.cleanup()


@asynccontextmanager
async def device(
    kind: str, machine: Machine, url: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """An example device over the folder of notes, paired at this address, in a folder of its own.

    It is copied there, so that it can only use what its users would have.
    """
    home = machine.root / kind
    home.mkdir()
    code = (await asyncio.to_thread(machine.ask, "pair"))["code"]
    if kind == "node":
        shutil.copy(EXAMPLES / "device.mjs", home)
        (home / "node_modules").symlink_to(NODE_MODULES)
        command = [str(NODE), "device.mjs", str(machine.notes), url, code]
    else:
        shutil.copy(EXAMPLES / "device.py", home)
        body = {"code": code, "device_id": "python-example", "name": "Python"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{url}/api/v1/devices/pair", json=body) as reply,
        ):
            (home / "device.json").write_text(await reply.text())
        command = [sys.executable, "device.py", str(machine.notes)]
    process = await asyncio.create_subprocess_exec(*command, cwd=home)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.fixture
def served(machine: Machine) -> Machine:
    """A machine whose daemon runs."""
    machine.ask("init")
    machine.serve()
    return machine


async def run_agent(machine: Machine, *, path: Path | None = None) -> dict[str, Any]:
    """Run a new agent over the notes, or another folder, to its end; the run with its records."""
    await asyncio.to_thread(machine.add_agent, "notes", path=path)
    await asyncio.to_thread(machine.noond, "run", "notes", "--wait")
    shown: dict[str, Any] = await asyncio.to_thread(machine.ask, "runs", "notes")
    return shown


def records_of(machine: Machine, kind: str) -> dict[str, dict[str, Any]]:
    """What the device has stored: the records' fields by their id."""
    with contextlib.closing(sqlite3.connect(machine.root / kind / "device.db")) as database:
        rows = database.execute("SELECT id, data FROM records").fetchall()
    return {str(row[0]): json.loads(row[1]) for row in rows}


@both_devices
async def test_a_lost_answer_is_given_again_and_nothing_is_applied_twice(
    served: Machine, kind: str
) -> None:
    async with between(served.url) as proxy, device(kind, served, proxy.url):
        await proxy.welcomed.wait()
        proxy.lose_next_answer = True
        run = await run_agent(served)

    assert (run["status"], run["errors"]) == ("success", [])
    titles = {record["data"]["title"] for record in run["records"]}
    assert {"Water the plants", "book the room", "Buy string"} <= titles
    (lost,) = proxy.lost
    first, again = proxy.answers[lost]
    assert first == again
    stored = records_of(served, kind)
    assert {record["device_record_id"] for record in run["records"]} == set(stored)
    assert {data["title"] for data in stored.values()} == titles
    assert all(data["isAiSuggested"] == 1 and data["isApproved"] == 0 for data in stored.values())


@both_devices
async def test_a_folder_outside_the_allowed_one_is_not_read(served: Machine, kind: str) -> None:
    secret = served.root / "notes-of-others"
    secret.mkdir()
    (secret / "plan.md").write_text("TODO: buy the ring\n")
    async with between(served.url) as proxy, device(kind, served, proxy.url):
        await proxy.welcomed.wait()
        run = await run_agent(served, path=secret)
    assert run["status"] == "error"
    assert [error["code"] for error in run["errors"]] == ["device_error"]
    assert "not allowed" in run["errors"][0]["message"]
    assert records_of(served, kind) == {}


@both_devices
async def test_a_removed_device_stays_away(served: Machine, kind: str) -> None:
    async with between(served.url) as proxy, device(kind, served, proxy.url) as process:
        await proxy.welcomed.wait()
        await asyncio.to_thread(served.ask, "devices", "rm", f"{kind}-example")
        async with asyncio.timeout(30):
            assert await process.wait() == 1


async def test_the_node_device_sends_a_large_file_in_parts(served: Machine) -> None:
    served.notes.joinpath("long.md").write_text("Nothing to do here.\n" * 80_000 + "TODO: rest\n")
    async with between(served.url) as proxy, device("node", served, proxy.url):
        await proxy.welcomed.wait()
        run = await run_agent(served)
    assert (run["status"], run["coverage"]["failed"]) == ("success", 0)
    assert "rest" in {record["data"]["title"] for record in run["records"]}


def test_the_node_device_is_as_short_as_promised() -> None:
    assert len((EXAMPLES / "device.mjs").read_text().splitlines()) <= 100


def test_the_page_shows_the_python_device_as_it_is() -> None:
    page = (ROOT / "docs" / "own-device.md").read_text("utf-8")
    assert (EXAMPLES / "device.py").read_text("utf-8") in page
