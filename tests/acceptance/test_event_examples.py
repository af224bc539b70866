"""The example apps as their users have them: they follow, and go on after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from node import NODE
from running_daemon import new_daemon
from scripted_device import scripted_device

EXAMPLES = Path(__file__).parents[2] / "examples" / "events"


@asynccontextmanager
async def following(kind: str, home: Path, url: str, key: str) -> AsyncIterator[Follower]:
    """An example that runs as a program of its own."""
    program = {"node": "follow.mjs", "python": "follow.py"}[kind]
    shutil.copy(EXAMPLES / program, home)
    process = await asyncio.create_subprocess_exec(
        str(NODE) if kind == "node" else sys.executable,
        *(program, url, key),
        cwd=home,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Follower(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


class Follower:
    """What an example prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def next(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            frame: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return frame

    async def names(self, until: str) -> list[str]:
        """The names of the events up to one of this name."""
        names = []
        while until not in names:
            names.append((await self.next())["name"])
        return names


@pytest.mark.parametrize("kind", ["node", "python"])
async def test_an_example_follows_a_run_and_survives_a_restart(tmp_path: Path, kind: str) -> None:
    daemon = new_daemon(tmp_path)
    async with contextlib.AsyncExitStack() as stack:
        async with daemon.started() as api:
            port = int(api.url.rpartition(":")[2])
            token = await api.pair()
            agent_id = await api.add_agent()
            app = await stack.enter_async_context(
                following(kind, tmp_path, api.url, daemon.api_key)
            )
            first = await app.next()
            assert first["type"] == "subscribed"
            async with scripted_device(api.url, token) as device:
                await device.hello("delete")
                assert await app.names("device.online") == ["device.online"]
                run_id = await api.start_run(agent_id)
                await device.expect("agent_run")
                await device.send_files(run_id, {"a.md": "- [ ] Send the contract\n"})
                await device.answer_all(1)
                assert set(await app.names("delivery.settled")) <= {
                    "run.progress",
                    "delivery.settled",
                }
                await api.until(run_id)
                await api.post(f"/api/v1/runs/{run_id}/revert")
                await device.answer(await device.expect("tool_call"))
                await app.names("delivery.retracted")
            last = None
            while last is None or last["name"] != "device.offline":
                last = await app.next()
        async with daemon.started(server={"port": port}) as api:
            gap = await app.next()
            while gap["type"] == "event":  # told while the daemon stopped
                last, gap = gap, await app.next()
            assert (gap["type"], gap["reason"]) == ("gap", "restarted")
            assert gap["from"] == last["seq"] < gap["to"]
            assert (await app.next())["type"] == "subscribed"
            await api.pair("phone")
            paired = await app.next()
            assert (paired["name"], paired["seq"]) == ("device.paired", gap["to"] + 1)
