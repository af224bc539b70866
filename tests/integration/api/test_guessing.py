"""Guessing credentials: of each kind at most ten a minute are looked at, however many are sent."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

GUESSES = int(os.environ.get("SOAK_GUESSES", "200"))
AT_ONCE = 50

Guess: TypeAlias = Callable[["World", str], Awaitable[int]]
"""Send one wrong credential made from this text; gives the status."""


async def api_key(world: World, text: str) -> int:
    return (await world.send("GET", "/api/v1/runs", key=f"nd_live_{text:A<43}")).status


async def access_token(world: World, text: str) -> int:
    return (await world.send("GET", "/api/v1/auth/me", key=f"eyJhbGciOiJIUzI1NiJ9.{text}.x")).status


async def password(world: World, text: str) -> int:
    body = {"name": "ben", "password": f"guess {text}"}
    return (await world.send("POST", "/api/v1/auth/login", key=None, json=body)).status


async def own_password(world: World, text: str) -> int:
    body = {"current_password": text, "new_password": "correct horse battery"}
    return (await world.send("POST", "/api/v1/auth/password", key="ben", json=body)).status


async def refresh_token(world: World, text: str) -> int:
    body = {"refresh_token": f"nd_refresh_{text:A<43}"}
    return (await world.send("POST", "/api/v1/auth/refresh", key=None, json=body)).status


async def pairing_code(world: World, text: str) -> int:
    body = {"code": f"{text:A<8}"[-8:], "device_id": "d", "name": "n"}
    return (await world.send("POST", "/api/v1/devices/pair", key=None, json=body)).status


async def device_token(world: World, text: str) -> int:
    try:
        async with world.connect(f"noondd_{text:A<43}"):
            return 101
    except aiohttp.WSServerHandshakeError as refused:
        return refused.status


async def ticket(world: World, text: str) -> int:
    protocols = ["noond.events.v1", f"ticket.nd_ticket_{text:A<43}"]
    try:
        async with world.session.ws_connect(f"{world.url}/ws/events", protocols=protocols):
            return 101
    except aiohttp.WSServerHandshakeError as refused:
        return refused.status


KINDS = (
    api_key,
    access_token,
    password,
    own_password,
    refresh_token,
    pairing_code,
    device_token,
    ticket,
)


@pytest.mark.parametrize("guess", KINDS, ids=lambda guess: guess.__name__)
async def test_ten_a_minute_are_looked_at(world: World, guess: Guess) -> None:
    await world.set_password("ben", "correct horse battery")
    turns = asyncio.Semaphore(AT_ONCE)

    async def send(number: int) -> int:
        async with turns:
            return await guess(world, f"{number:05}")

    statuses = Counter(await asyncio.gather(*(send(number) for number in range(GUESSES))))

    assert statuses == {401: 10, 429: GUESSES - 10}
    # Nobody else is shut out: what is right, and of another kind, passes.
    assert (await world.send("GET", "/api/v1/runs", key="ben")).status == 200
