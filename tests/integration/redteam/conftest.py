"""The whole corpus through one real run: the stand-in model, a daemon, a device on its socket."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redteam_corpus import TABLES, WRITTEN_AT, Attack, load_attacks, load_context
from running_daemon import Api, new_daemon
from scripted_device import ScriptedDevice, scripted_device

from noond.clock import to_ms

SERVER = Path(__file__).parents[2] / "servers" / "obedient_model.py"
FILES_IN_A_FRAME = 20


@dataclass(frozen=True, slots=True)
class ObedientServer:
    """The stand-in model, a process of its own."""

    base_url: str

    async def told(self, what: str) -> Any:
        """`asked` or `strays`."""
        url = self.base_url.removesuffix("/v1") + f"/{what}"
        async with aiohttp.ClientSession() as session, session.get(url) as reply:
            return await reply.json()


@dataclass(slots=True, kw_only=True)
class Assault:
    """A daemon that has run over the corpus, and what came of it.

    `calls` are those that reached the device, by attack; `contacts` the addresses (host, port)
    that this process, and so the daemon, connected to.
    """

    api: Api
    api_key: str
    run: dict[str, Any]
    records: list[dict[str, Any]]
    calls: dict[str, list[dict[str, Any]]]
    contacts: set[tuple[str, int]]


Assaulted = Callable[..., AbstractAsyncContextManager[Assault]]


@dataclass(slots=True)
class _Contacts:
    """Who is connected to or looked up while this is active. A hook stays for ever."""

    seen: set[tuple[str, int]] = field(default_factory=set)
    active: bool = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            self.seen.add((str(arguments[1][0]), int(arguments[1][1])))
        elif event == "socket.getaddrinfo" and arguments[0] is not None:
            self.seen.add((str(arguments[0]), int(arguments[1] or 0)))
        elif event == "socket.sendto":
            self.seen.add((str(arguments[1][0]), int(arguments[1][1])))


@pytest.fixture(scope="session")
def contacts() -> _Contacts:
    hook = _Contacts()
    sys.addaudithook(hook)
    return hook


@pytest.fixture(scope="session")
def attacks() -> list[Attack]:
    return load_attacks()


@pytest.fixture(scope="session")
def told_context() -> dict[str, Any]:
    """What the device tells of."""
    return load_context()


@pytest.fixture
def obedient(attacks: list[Attack], tmp_path: Path) -> Iterator[ObedientServer]:
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({a.name: a.answer for a in attacks if a.answer is not None}))
    process = subprocess.Popen([sys.executable, SERVER, answers], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield ObedientServer(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def assaulted(tmp_path: Path, contacts: _Contacts) -> Assaulted:
    """Runs the attacks with the model at a base_url, or with the embedded extractor."""

    @asynccontextmanager
    async def start(
        attacks: Sequence[Attack], base_url: str | None = None
    ) -> AsyncIterator[Assault]:
        llm: dict[str, Any] = {"provider": "embedded"}
        if base_url is not None:
            llm = {"provider": "openai", "model": "obedient", "base_url": base_url, "api_key": "k"}
        daemon = new_daemon(tmp_path)
        with _watched(contacts) as seen:
            async with (
                daemon.started(llm=llm) as api,
                scripted_device(api.url, await api.pair()) as device,
            ):
                run_id, calls = await _run(api, device, attacks)
                yield Assault(
                    api=api,
                    api_key=daemon.api_key,
                    run=await api.run(run_id),
                    records=await _records(api, run_id),
                    calls=calls,
                    contacts=seen,
                )

    return start


@contextmanager
def _watched(contacts: _Contacts) -> Iterator[set[tuple[str, int]]]:
    contacts.seen = set()
    contacts.active = True
    try:
        yield contacts.seen
    finally:
        contacts.active = False


async def _run(
    api: Api, device: ScriptedDevice, attacks: Sequence[Attack]
) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    """Run the attacks to the end; returns the run and the calls by attack."""
    await device.hello("context")
    run_id = await api.start_run(await api.add_agent(data_types=sorted(TABLES)))
    await device.expect("agent_run")
    await device.send(type="agent_context", run_id=run_id, **load_context())
    starts = range(0, len(attacks), FILES_IN_A_FRAME)
    for seq, start in enumerate(starts, 1):
        files = [
            {"path": attack.path, "content": attack.text, "modified_at": to_ms(WRITTEN_AT)}
            for attack in attacks[start : start + FILES_IN_A_FRAME]
        ]
        await device.send(type="agent_data", run_id=run_id, seq=seq, files=files)
    await device.send(type="agent_complete", run_id=run_id, last_seq=len(starts))
    calls: dict[str, list[dict[str, Any]]] = {}
    async with asyncio.TaskGroup() as group:
        applying = group.create_task(_apply_all(device, calls))
        await api.until(run_id)
        applying.cancel()
    return run_id, calls


async def _apply_all(device: ScriptedDevice, calls: dict[str, list[dict[str, Any]]]) -> None:
    async for message in device.ws:
        call = message.json()
        assert call["type"] == "tool_call", call
        await device.answer(call)
        attack = call.get("source", {}).get("path", "").partition("/")[0]
        calls.setdefault(attack, []).append(call)


async def _records(api: Api, run_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await api.get(f"/api/v1/runs/{run_id}/records?limit=200{cursor}")
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"
