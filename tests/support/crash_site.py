"""A daemon that dies in the middle of runs, and the device that must not notice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import crashing_daemon
from running_daemon import Api
from scripted_device import Closed, ScriptedDevice, scripted_device, sha256
from warm_programs import Program

from noond.accounts.setup import init_data_dir

FILES = 12
RECORDS_OF_A_FILE = 3
RECORDS = FILES * RECORDS_OF_A_FILE
DIE_SECONDS = 30
STOP_SECONDS = 20
"""What TRUST.md allows from SIGTERM to the end."""

FINAL = {"success", "partial", "error", "cancelled", "interrupted"}


@dataclass
class Notebook:
    """The device's own side: its files, and what was inserted, in order, for ever.

    A device that keeps no ids (`keeps_ids` false) inserts whatever comes, again and again.
    """

    keeps_ids: bool = True
    files: dict[str, str] = field(default_factory=dict)
    inserted: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    def insert(self, call: dict[str, Any]) -> str:
        """Insert a record, or answer a repeated id with the first answer."""
        if self.keeps_ids and call["id"] in self.answers:
            return self.answers[call["id"]]
        self.inserted.append(call)
        self.answers[call["id"]] = f"rec-{len(self.inserted)}"
        return self.answers[call["id"]]

    def titles(self) -> Counter[tuple[str, str]]:
        """How often each task of each file was inserted."""
        return Counter((call["source"]["path"], call["data"]["title"]) for call in self.inserted)


@dataclass
class CrashSite:
    """A data directory, the daemon on it, and its device; one run after the other is broken."""

    root: Path
    notebook: Notebook = field(default_factory=Notebook)
    daemon: Program | None = None
    url: str = ""
    token: str = ""
    agent_id: str = ""
    rounds: int = 0
    on_frame: Callable[[], None] | None = None
    """Called after each frame that the device has dealt with."""
    _before: str | None = None
    _calls_left: int = 0

    def __post_init__(self) -> None:
        made = init_data_dir(self.root / "data", timezone="UTC")
        self.data_dir, self.api_key = made.data_dir, made.api_key
        self.calls = self.root / "calls"
        self.calls.touch()

    # --- the daemon -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the daemon; returns when it is ready."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("NOOND")}
        self.daemon = Program(
            [
                crashing_daemon.__file__, str(self.calls),
                "serve", "--port", "0", "--json", "--data-dir", str(self.data_dir),
            ],
            env={**environment, "NOOND__LOG__LEVEL": "error"},
        )  # fmt: skip
        line = self.daemon.stdout.readline()
        assert line, self.end()
        self.url = json.loads(line)["url"]

    def alive(self) -> bool:
        """Whether the daemon runs."""
        return self.daemon is not None and self.daemon.poll() is None

    def order(self, order: str) -> None:
        """Tell the daemon when to die."""
        assert self.daemon is not None
        self.daemon.stdin.write(order + "\n")
        self.daemon.stdin.flush()
        for line in self.daemon.stderr:
            if line == "ordered\n":
                return
        raise AssertionError("the daemon took no order")

    def end(self) -> str:
        """Wait until the daemon has ended; returns what it said."""
        assert self.daemon is not None
        try:
            return self.daemon.communicate(timeout=DIE_SECONDS)[1]
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            raise AssertionError(self.daemon.communicate()[1]) from None

    def close(self) -> None:
        """End the daemon, if it still runs."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            self.end()

    # --- what stands in the database --------------------------------------------------------------

    def stored(self, sql: str) -> list[Any]:
        """Rows of the daemon's database, read from outside."""
        path = self.data_dir / "noond.db"
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return [row[0] if len(row) == 1 else row for row in database.execute(sql)]

    def extractions(self) -> Counter[str]:
        """How often each content of each file was extracted."""
        return Counter(self.calls.read_text().splitlines())

    # --- the device -------------------------------------------------------------------------------

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[Api, asyncio.Task[int | None]]]:
        """The device at work; gives the API, and the device's task, which ends as close code."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            api = Api(http, self.url)
            if not self.token:
                self.token = await api.pair()
                self.agent_id = await api.add_agent()
            async with scripted_device(self.url, self.token) as device:
                await device.hello("manifest")
                work = asyncio.create_task(self._serve(device))
                try:
                    yield api, work
                finally:
                    work.cancel()
                    await asyncio.gather(work, return_exceptions=True)

    async def _serve(self, device: ScriptedDevice) -> int | None:
        """Do what the daemon asks; returns the close code."""
        while True:
            try:
                frame = await device.ws.receive()
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    return device.ws.close_code
                await self._obey(device, frame.json())
            except (Closed, ConnectionError):
                return device.ws.close_code
            if self.on_frame is not None:
                self.on_frame()

    async def _obey(self, device: ScriptedDevice, frame: dict[str, Any]) -> None:
        if frame["type"] == "tool_call":
            record = self.notebook.insert(frame)
            self._calls_left -= 1
            if self._calls_left == 0 and self.daemon is not None:
                self.daemon.kill()
                return
            await device.send(type="tool_result", id=frame["id"], result={"id": record})
        elif frame["type"] == "agent_run":
            listed = [
                {"path": path, "size": len(text), "sha256": sha256(text)}
                for path, text in self.notebook.files.items()
            ]
            run_id = frame["run_id"]
            await device.send(type="agent_manifest", run_id=run_id, files=listed, last=True)
        elif frame["type"] == "agent_want":
            wanted = {path: self.notebook.files[path] for path in frame["paths"]}
            await device.send_files(frame["run_id"], wanted)

    # --- a round ----------------------------------------------------------------------------------

    def write_files(self) -> Counter[tuple[str, str]]:
        """New files in place of the last ones; returns what must be inserted of them."""
        self.rounds += 1
        self.notebook.files.clear()
        expected: Counter[tuple[str, str]] = Counter()
        for number in range(FILES):
            path = f"round-{self.rounds}/file-{number}.md"
            titles = [
                f"Water plant {self.rounds} {number} {task}" for task in range(RECORDS_OF_A_FILE)
            ]
            self.notebook.files[path] = "".join(f"- [ ] {title}\n" for title in titles)
            expected.update((path, title) for title in titles)
        return expected

    async def begin(self, api: Api) -> str | None:
        """Start a run; None when the daemon died before it said so."""
        try:
            return await api.start_run(self.agent_id)
        except (aiohttp.ClientError, ConnectionError):
            return None

    async def until_final(self, api: Api, run_id: str | None) -> dict[str, Any]:
        """The last run, once it is final; a run that nobody was told of may not exist."""
        newest = (await api.get("/api/v1/runs?limit=1"))["items"]
        if run_id is None and (not newest or newest[0]["status"] in FINAL):
            if not newest or self._before == newest[0]["id"]:
                run_id = await api.start_run(self.agent_id)
            else:
                run_id = newest[0]["id"]
        return await api.until(run_id or newest[0]["id"])

    async def killed_run(self, order: str) -> dict[str, Any]:
        """Begin a run that is killed as ordered, start the daemon again, and see the run's end.

        Beside the orders of `crashing_daemon`: `kill call, sent N`, when the device has applied
        that many calls and has not answered the last.
        """

        def prepare() -> None:
            if order.startswith("kill call, sent"):
                self._calls_left = int(order.rsplit(maxsplit=1)[-1])
            else:
                self.order(order)

        run_id, code, _ = await self._broken_run(prepare)
        assert code == -signal.SIGKILL
        return await self._resumed_run(run_id)

    async def stopped_run(self, frames: int) -> tuple[dict[str, Any], int | None]:
        """Begin a run that is stopped by SIGTERM when the device has dealt with that many frames.

        Returns the run at its end, which the next daemon sees, and the socket's close code.
        """
        left, sent_at = frames, 0.0

        def stop() -> None:
            nonlocal left, sent_at
            left -= 1
            if left == 0:
                assert self.daemon is not None
                sent_at = time.monotonic()
                self.daemon.send_signal(signal.SIGTERM)

        self.on_frame = stop
        try:
            run_id, code, close_code = await self._broken_run(lambda: None)
        finally:
            self.on_frame = None
        assert code == 0
        assert time.monotonic() - sent_at < STOP_SECONDS
        assert self.stored("SELECT id FROM runs WHERE status = 'running'") == []
        assert self.stored("SELECT id FROM jobs WHERE status = 'running' OR crashes > 0") == []
        return await self._resumed_run(run_id), close_code

    async def _broken_run(self, prepare: Callable[[], None]) -> tuple[str | None, int, int | None]:
        """Begin a run and see the daemon's end: the run if told of, exit code, close code."""
        if not self.alive():
            await asyncio.to_thread(self.start)
        async with self.connected() as (api, device):
            newest = (await api.get("/api/v1/runs?limit=1"))["items"]
            self._before = newest[0]["id"] if newest else None
            await asyncio.to_thread(prepare)
            run_id = await self.begin(api)
            said = await asyncio.to_thread(self.end)
            assert self.daemon is not None
            assert self.daemon.returncode in (0, -signal.SIGKILL), said
            return run_id, self.daemon.returncode, await device

    async def _resumed_run(self, run_id: str | None) -> dict[str, Any]:
        """Start the daemon again, and see the run's end."""
        await asyncio.to_thread(self.start)
        async with self.connected() as (api, _):
            run = await self.until_final(api, run_id)
            assert run_id in (None, run["id"]), "an acknowledged run is lost"
        return run
