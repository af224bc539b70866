"""What is taken as a request's body and query, and what is not."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from typing import TYPE_CHECKING

import pytest

from noond.config import LimitSettings

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

AGENTS = "/api/v1/agents"
PAIRINGS = "/api/v1/devices/pairings"


@pytest.fixture
def limit_settings() -> LimitSettings:
    return LimitSettings(body_bytes=2000)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonp",
        "",
    ],
)
async def test_only_json_is_taken(world: World, content_type: str) -> None:
    reply = await world.send("POST", PAIRINGS, data=b"{}", headers={"Content-Type": content_type})

    assert (reply.status, reply.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=UTF-8", "Application/JSON"]
)
async def test_json_is_taken(world: World, content_type: str) -> None:
    reply = await world.send("POST", PAIRINGS, data=b"{}", headers={"Content-Type": content_type})

    assert reply.status == 201


async def test_a_compressed_body_is_not_unpacked(world: World) -> None:
    bomb = gzip.compress(b"[" * 10_000_000)[:1900]

    reply = await world.send("POST", PAIRINGS, data=bomb, headers={"Content-Encoding": "gzip"})

    assert reply.status == 415


def head(world: World, *lines: str) -> bytes:
    """The head of a POST with a body that is sent by hand."""
    common = (
        f"POST {PAIRINGS} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {world.keys['ana']}",
        "Content-Type: application/json",
    )
    return "\r\n".join([*common, *lines, "", ""]).encode()


async def test_a_body_that_says_it_is_too_large_is_not_read(world: World) -> None:
    reply = await world.raw(head(world, "Content-Length: 999999999"))

    assert (reply.status, reply.json["code"]) == (413, "body_too_large")


async def test_a_body_that_turns_out_too_large_is_cut_off(world: World) -> None:
    chunks = b"7d0\r\n" + b" " * 2000 + b"\r\n1\r\n \r\n"

    reply = await world.raw(head(world, "Transfer-Encoding: chunked") + chunks)

    assert (reply.status, reply.json["code"]) == (413, "body_too_large")


async def test_a_body_of_just_the_limit_is_taken(world: World) -> None:
    assert (await world.send("POST", PAIRINGS, data=b"{}".ljust(2000))).status == 201


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1900,
        b'{"device_id": NaN}',
        b'{"device_id": "a", "device_id": "b"}',
        b'{"device_id": "\\ud800"}',
        b'{"device_id": "\xff"}',
        b"[]",
        b"null",
        b"not json",
    ],
)
async def test_a_body_that_is_no_plain_object_is_invalid(world: World, body: bytes) -> None:
    reply = await world.send("POST", PAIRINGS, data=body)

    assert (reply.status, reply.json["code"]) == (400, "invalid")


async def test_an_empty_body_is_an_empty_object(world: World) -> None:
    assert (await world.send("POST", PAIRINGS)).status == 201


async def test_a_body_where_none_belongs_is_refused(world: World) -> None:
    reply = await world.send("POST", "/api/v1/runs/x/cancel", json={"force": True})

    assert reply.json["errors"] == [{"field": "force", "message": "is not known here"}]


async def test_each_wrong_field_is_named(world: World) -> None:
    body = {
        "name": "",
        "device_id": 7,
        "directory_paths": [],
        "file_extensions": ["md", 1],
        "data_types": ["tasks", "users"],
        "enabled": "yes",
        "missed": "all",
        "max_age_hours": 0,
        "is_admin": True,
    }

    reply = await world.send("POST", AGENTS, json=body)

    assert reply.status == 400
    assert sorted(error["field"] for error in reply.json["errors"]) == [
        "data_types.1",
        "device_id",
        "directory_paths",
        "enabled",
        "file_extensions.1",
        "is_admin",
        "max_age_hours",
        "missed",
        "name",
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=%00", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=YWJj*", "cursor"),
        ("cursor=w6k", "cursor"),
        ("page=2", "page"),
    ],
)
@pytest.mark.parametrize("path", [AGENTS, "/api/v1/runs", "/api/v1/devices"])
async def test_a_wrong_query_is_named(world: World, path: str, query: str, field: str) -> None:
    reply = await world.send("GET", f"{path}?{query}")

    assert reply.status == 400
    assert [error["field"] for error in reply.json["errors"]] == [field]


@pytest.mark.parametrize("place", ["nonsense", "-1 x", "99999999999999999 x", "1", "1 "])
async def test_a_made_up_cursor_of_devices_is_named(world: World, place: str) -> None:
    cursor = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
    reply = await world.send("GET", f"/api/v1/devices?cursor={cursor}")

    assert [error["field"] for error in reply.json["errors"]] == ["cursor"]


async def test_a_slow_body_holds_nobody_else_up(world: World) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(head(world, "Content-Length: 2") + b"{")
    await writer.drain()

    assert (await world.send("GET", AGENTS)).status == 200

    writer.write(b"}")
    assert (await reader.readline()) == b"HTTP/1.1 201 Created\r\n"
    writer.close()
    await writer.wait_closed()


class TestBodyThatNeverEnds:
    @pytest.fixture
    def body_seconds(self) -> float:
        return 0.02

    async def test_it_is_given_up(self, world: World) -> None:
        reply = await world.raw(head(world, "Content-Length: 2") + b"{")

        assert (reply.status, reply.json["code"]) == (408, "body_timeout")


async def test_what_a_person_types_comes_back_the_same(world: World) -> None:
    await world.pair("laptop")
    prompt = "Only “mine”\n\ttasks, 日本語 \U0001f600 <script>"

    agent = await world.new_agent(name="Ünïcode 📝", prompt_template=prompt)

    reply = await world.send("GET", f"{AGENTS}/{agent['id']}")
    assert reply.json["prompt_template"] == prompt
    assert json.loads(reply.text)["name"] == "Ünïcode 📝"


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "a\u202eb", "\t", " ", "a\0"])
async def test_a_name_is_one_plain_line(world: World, name: str) -> None:
    await world.pair("laptop")
    body = {
        "name": name,
        "device_id": "laptop",
        "directory_paths": ["~"],
        "file_extensions": ["md"],
        "data_types": ["tasks"],
    }

    reply = await world.send("POST", AGENTS, json=body)

    assert [error["field"] for error in reply.json["errors"]] == ["name"]
