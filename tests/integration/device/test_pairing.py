"""A code becomes a token in a private file; what goes wrong is said and costs nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from noond.device.errors import CannotConnect, CodeRefused, TokenFileError
from noond.device.pairing import default_token_file, load_token, pair, pair_and_save
from noond.errors import Invalid, RateLimited

REPLY = {"device_token": "the-token", "device_id": "laptop", "ws_url": "ws://x/ws/device"}


class Desk:
    """Answers pairing requests with what a test puts in."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 201, json.dumps(REPLY), {"Retry-After": "7"}
        self.asked: list[Any] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        return web.Response(status=self.status, text=self.body, headers=self.headers)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    app = web.Application()
    app.router.add_post("/api/v1/devices/pair", desk.answer)
    async with TestServer(app) as server:
        desk.url = str(server.make_url("/"))
        yield desk


async def test_the_token_is_kept_in_a_private_file(desk: Desk, tmp_path: Path) -> None:
    file = default_token_file(tmp_path / "own" / "device.db")
    paired = await pair_and_save(
        url=desk.url, code=" ABCD ", device_id="laptop", name="Ana's", token_file=file
    )
    assert desk.asked == [{"code": "ABCD", "device_id": "laptop", "name": "Ana's"}]
    assert load_token(file) == paired.device_token == "the-token"
    assert (file.name, file.stat().st_mode & 0o777) == ("device.db.token", 0o600)
    assert list(file.parent.iterdir()) == [file]
    assert "the-token" not in repr(paired)


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (404, '{"code":"not_found","detail":"this code is wrong"}', CodeRefused, "code is wrong"),
        (409, '{"code":"conflict","detail":"laptop exists"}', CodeRefused, "laptop exists"),
        (429, '{"code":"rate_limited","detail":"slowly"}', RateLimited, "slowly"),
        (404, "<html>", CannotConnect, "answered 404"),
        (201, "{}", CannotConnect, "like noond"),
        (302, "", CannotConnect, "answered 302"),
    ],
)
async def test_a_refusal_is_said_and_keeps_the_older_token(
    desk: Desk, tmp_path: Path, status: int, body: str, error: type[Exception], says: str
) -> None:
    file = tmp_path / "token"
    file.write_text("older\n")
    file.chmod(0o600)
    desk.status, desk.body = status, body
    with pytest.raises(error, match=says):
        await pair_and_save(url=desk.url, code="c", device_id="d", name="n", token_file=file)
    assert load_token(file) == "older"
    assert list(tmp_path.iterdir()) == [file]


async def test_a_code_is_not_spent_when_the_token_cannot_be_kept(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TokenFileError):
        await pair_and_save(
            url=desk.url, code="c", device_id="d", name="n", token_file=tmp_path / "file" / "token"
        )
    assert desk.asked == []


async def test_nobody_listening_and_no_address() -> None:
    with pytest.raises(CannotConnect, match="can't be reached"):
        await pair("http://127.0.0.1:1", "c", "d", "n")
    for url in ("ws://127.0.0.1:1", "127.0.0.1:8737", "http://user:pw@host", "", "http://h:99999"):
        with pytest.raises(Invalid):
            await pair(url, "c", "d", "n")


def test_a_token_file_without_a_token_is_named_without_its_content(tmp_path: Path) -> None:
    file = tmp_path / "token"
    with pytest.raises(TokenFileError, match="--code"):
        load_token(file)
    for content in (b"", b"two lines\nsecret", b"secret \xff"):
        file.write_bytes(content)
        with pytest.raises(TokenFileError, match=str(file)) as refusal:
            load_token(file)
        assert "secret" not in refusal.value.message


def test_a_token_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret\n")
    file.chmod(0o644)
    with structlog.testing.capture_logs() as logged:
        assert load_token(file) == "secret"
    assert [entry["event"] for entry in logged] == ["token_file_readable_by_others"]
    assert "secret" not in str(logged)
