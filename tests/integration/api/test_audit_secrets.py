"""What stands in the audit log and the request log of secrets and of text that attacks: nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from noond.accounts.tokens import new_token
from noond.api.routing import Access
from noond.config import LogSettings

if TYPE_CHECKING:
    from tests.integration.api.conftest import World

SECRET_FIELDS = {"api_key", "device_token", "access_token", "refresh_token", "code"}


@pytest.fixture
def log_settings() -> LogSettings:
    return LogSettings(requests="all")


async def stored(world: World) -> list[str]:
    """Every text that stands in the two logs."""
    await world.request_log.flush()
    return await world.database.read(
        lambda c: [
            value
            for table in ("audit_log", "request_logs")
            for row in c.execute(f"SELECT * FROM {table}")
            for value in row
            if isinstance(value, str)
        ]
    )


def secrets_in(reply: Any) -> Iterator[str]:
    """What a reply shows once."""
    if isinstance(reply, dict):
        for name, value in reply.items():
            if name in SECRET_FIELDS and isinstance(value, str):
                yield value
            else:
                yield from secrets_in(value)


async def test_no_secret_that_was_given_or_shown_is_kept(world: World) -> None:
    first, second = "Canary-Password-4711", "Canary-Password-4712"
    ben = "/api/v1/users/ben"
    shown: list[str] = [first, second, *world.keys.values()]

    async def send(method: str, path: str, key: str | None = "ana", **body: Any) -> Any:
        reply = await world.send(method, path, key=key, json=body or None)
        assert reply.status < 300, reply.text
        found = reply.json if reply.text else {}
        shown.extend(secrets_in(found))
        return found

    await send("POST", "/api/v1/users", name="carl", password=first)
    await send("POST", f"{ben}/password", password=first)
    await world.send("POST", "/api/v1/auth/login", key=None, json={"name": "ben", "password": "No"})
    tokens = await send("POST", "/api/v1/auth/login", None, name="ben", password=first)
    world.keys["ben+"] = tokens["access_token"]
    await send("GET", "/api/v1/auth/me", "ben+")
    tokens = await send("POST", "/api/v1/auth/refresh", None, refresh_token=tokens["refresh_token"])
    world.keys["ben+"] = tokens["access_token"]
    change = {"current_password": first, "new_password": second}
    await send("POST", "/api/v1/auth/password", "ben+", **change)
    key = await send("POST", "/api/v1/api-keys", name="k", scopes=["read"])
    await send("POST", f"/api/v1/api-keys/{key['id']}/rotate")
    code = (await send("POST", "/api/v1/devices/pairings"))["code"]
    await send("POST", "/api/v1/devices/pair", None, code=code, device_id="laptop", name="L")
    await send("POST", "/api/v1/devices/laptop/token")
    await send("POST", "/api/v1/devices/pairings", device_id="laptop")

    everything = "\n".join(await stored(world))
    assert len(shown) >= 14
    assert [secret for secret in shown if secret in everything] == []
    assert "carl" in everything
    assert "laptop" in everything


async def test_a_token_in_the_wrong_place_is_not_kept(world: World) -> None:
    """In every header, path, query and text field."""
    token = new_token("nd_live_").secret
    names = ("Cookie", "Idempotency-Key", "User-Agent", "X-Own", "X-Request-ID")
    headers = dict.fromkeys(names, token)
    await world.pair("laptop")
    agent = await world.new_agent(name=f"A {token}", prompt_template=f"say {token}")
    await world.send("PATCH", f"/api/v1/agents/{agent['id']}", json={"name": f"B {token}"})
    await world.send("POST", "/api/v1/users", json={"name": f"Carl {token}"}, headers=headers)
    for route in world.routes:
        path = re.sub(r"\{\w+\}", token, route.path)
        body: Any = None if route.method == "GET" else {}
        if route.access is not Access.DEVICE:
            await world.send(route.method, f"{path}?q={token}", json=body, headers=headers)
            await world.send(route.method, path, json=body, headers=headers)

    everything = await stored(world)
    assert len(everything) > 500
    assert any("[secret]" in text for text in everything)
    assert [text for text in everything if token[10:] in text] == []


async def test_every_text_stays_on_one_line(world: World) -> None:
    attack = "a\r\nFAKE 1.2.3.4 \x1b[2J\x1b]0;x\x07\u202e\u2028b"
    quoted = "a%0d%0aFAKE%1b[2J%e2%80%ae%e2%80%a8"
    agent = {"User-Agent": "x\t\u202ey"}
    await world.send("DELETE", f"/api/v1/agents/{quoted}", headers=agent)
    await world.pair("laptop")
    made = await world.new_agent(prompt_template=attack)
    await world.send("GET", f"/api/v1/agents/{made['id']}", headers=agent)

    everything = await stored(world)
    assert sum("FAKE" in text for text in everything) >= 5
    for text in everything:
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u202e]", text), repr(text)
    row = (await world.send("GET", "/api/v1/audit?action=DELETE")).json["items"][0]
    assert row["path"] == "/api/v1/agents/a\\x0d\\x0aFAKE\\x1b[2J\\u202e\\u2028"
    assert json.dumps(row["user_agent"]) == '"x \\\\u202ey"'
