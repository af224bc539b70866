"""What passed the gate, and every path, is inert wherever noond shows it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from redteam_corpus import Attack

if TYPE_CHECKING:
    from tests.integration.redteam.conftest import Assault, Assaulted, ObedientServer

STYLE = re.compile(r"\x1b\[[0-9;]*m")
FORMULA_STARTS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
EVIL = "x\x1b]0;owned\x07\r\nforged\x9b2J\u202e\u2066\u200f\u2028\U000e0041"


def unsafe(text: str, *, besides: str = "") -> set[str]:
    """The characters of the text that could act or hide."""
    return {
        character
        for character in text
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    } - {*besides, "\u200c", "\u200d"}


@pytest.fixture
async def assault(
    attacks: list[Attack], obedient: ObedientServer, assaulted: Assaulted
) -> AsyncIterator[Assault]:
    shown = [
        a for a in attacks if a.name.startswith(("output", "path", "turn", "format", "hidden"))
    ]
    async with assaulted(shown, obedient.base_url) as assault:
        assert len(assault.records) >= 50
        assert any(unsafe(record["path"]) for record in assault.records)
        yield assault


async def noond(assault: Assault, *arguments: str) -> str:
    """What the command prints into a pipe."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "noond", *arguments,
        env=_environment(assault), stdout=subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def noond_on_terminal(assault: Assault, *arguments: str) -> str:
    """What the command shows on a terminal."""
    master, slave = os.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "noond", *arguments,
        env=_environment(assault), stdin=slave, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    shown = await asyncio.to_thread(_read_all, master)
    assert await process.wait() == 0
    return shown.replace("\r\n", "\n")


def _environment(assault: Assault) -> dict[str, str]:
    told = {"NOOND_URL": assault.api.url, "NOOND_API_KEY": assault.api_key}
    return {**os.environ, **told, "TERM": "xterm-256color", "COLUMNS": "100"}


def _read_all(terminal: int) -> str:
    pieces = []
    try:
        while piece := os.read(terminal, 65_536):
            pieces.append(piece)
    except OSError:
        pass  # Linux's way to say that nobody writes to it any more
    finally:
        os.close(terminal)
    return b"".join(pieces).decode()


async def test_commands_print_records_inert(assault: Assault) -> None:
    run_id = assault.run["id"]
    piped, as_json, shown = await asyncio.gather(
        noond(assault, "runs", run_id),
        noond(assault, "runs", run_id, "--json"),
        noond_on_terminal(assault, "runs", run_id),
    )
    rows = [line.split("\t") for line in piped.splitlines()]
    records = [row for row in rows if row[0] == "record"]
    assert len(records) == len(assault.records)
    assert {len(row) for row in records} == {len(records[0])}
    assert not unsafe(piped, besides="\n\t")
    formulas = [
        cell
        for row in rows
        for cell in row
        if cell.lstrip('"').startswith(FORMULA_STARTS) and re.search(r"[(|]|\d[+*]", cell)
    ]
    assert formulas == []

    assert not unsafe(as_json, besides="\n")
    told = json.loads(as_json)
    paths = {record["path"] for record in assault.records}
    assert {record["path"] for record in told["records"]} == paths

    assert not unsafe(STYLE.sub("", shown), besides="\n")
    assert "record" in shown
    forged = ("2026-11-20 [error]", "event:", "ERROR", "forged", "delivered\n\n")
    assert not [line for line in shown.splitlines() if line.startswith(forged)]


async def test_replies_and_events_keep_their_frames(assault: Assault) -> None:
    run_path = f"{assault.api.url}/api/v1/runs/{assault.run['id']}"
    headers = {"Authorization": f"Bearer {assault.api_key}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.get(run_path + "/records?limit=200") as reply:
            assert reply.content_type == "application/json"
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            records = (await reply.read()).decode()
        async with http.get(run_path + "/events") as reply:
            stream = (await reply.read()).decode()
        problems = [
            await _problem(http, assault.api.url + "/api/v1/runs/" + "%0d%0aX-Evil:%201%1b[31m"),
            await _problem(http, assault.api.url + "/api/v1/runs?cursor=%0d%0a%1b[2J%e2%80%ae"),
            await _problem(http, assault.api.url + "/api/v1/agents", {EVIL: EVIL, "name": EVIL}),
        ]
    # To programs a path is told as it came, but no control character is.
    assert min(records) >= " "
    lines = re.split(r"\r\n|\n|\r", stream)
    assert {line.partition(":")[0] for line in lines} <= {"event", "data", "id", ""}
    events = [json.loads(line[6:]) for line in lines if line.startswith("data:")]
    assert events
    assert all(event["run_id"] == assault.run["id"] for event in events)
    for problem in problems:
        assert min(problem) >= " "
        assert json.loads(problem)["status"] in {400, 404}


async def _problem(http: aiohttp.ClientSession, url: str, body: Any = None) -> str:
    method = "GET" if body is None else "POST"
    async with http.request(method, url, json=body) as reply:
        assert reply.content_type == "application/problem+json"
        assert "X-Evil" not in reply.headers
        return (await reply.read()).decode()
