"""Signing in with a password, and what becomes of its tokens."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from noond.accounts.vault import Vault

if TYPE_CHECKING:
    from tests.integration.api.conftest import Answer, World

PASSWORD = "correct horse battery"
ME = "/api/v1/auth/me"
KEY = Vault(bytes(32)).subkey("access tokens")


async def login(world: World, name: str = "ben", password: str = PASSWORD) -> Answer:
    body = {"name": name, "password": password}
    return await world.send("POST", "/api/v1/auth/login", key=None, json=body)


async def refresh(world: World, token: str) -> Answer:
    return await world.send("POST", "/api/v1/auth/refresh", key=None, json={"refresh_token": token})


@pytest.fixture
async def tokens(world: World) -> dict[str, Any]:
    """Ben's tokens; his access token is the key `ben+`."""
    await world.set_password("ben", PASSWORD)
    return await world.sign_in("ben", PASSWORD)


async def test_a_sign_in_opens_what_the_role_allows(world: World, tokens: dict[str, Any]) -> None:
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert tokens["user"]["name"] == "ben"
    me = (await world.send("GET", ME, key="ben+")).json
    assert me["user"] == tokens["user"]
    assert me["credential"]["kind"] == "access_token"
    assert "agents:execute" in me["credential"]["scopes"]
    assert "users:read" not in me["credential"]["scopes"]
    assert (await world.send("GET", "/api/v1/runs", key="ben+")).status == 200
    assert (await world.send("GET", "/api/v1/users", key="ben+")).status == 403


async def test_the_name_is_compared_without_case(world: World, tokens: dict[str, Any]) -> None:
    assert (await login(world, name=" BEN ")).status == 200
    assert tokens["user"]["name"] == "ben"


async def test_a_wrong_name_reads_like_a_wrong_password(
    world: World, tokens: dict[str, Any]
) -> None:
    del tokens
    replies = [
        await login(world, password="wrong password"),
        await login(world, name="nobody"),
        await login(world, name="ana"),  # has no password
    ]

    assert {reply.status for reply in replies} == {401}
    assert {reply.json["code"] for reply in replies} == {"sign_in_refused"}
    assert len({reply.json["detail"] for reply in replies}) == 1


async def test_ten_passwords_a_minute_are_compared(world: World, tokens: dict[str, Any]) -> None:
    del tokens
    replies = await asyncio.gather(*(login(world, password=f"guess {n}") for n in range(40)))

    statuses = [reply.status for reply in replies]
    assert (statuses.count(401), statuses.count(429)) == (10, 30)
    assert (await login(world)).status == 429
    world.clock.advance(timedelta(minutes=1))
    assert (await login(world)).status == 200


async def test_right_passwords_are_not_counted(world: World, tokens: dict[str, Any]) -> None:
    del tokens
    assert {(await login(world)).status for _ in range(12)} == {200}


async def test_an_access_token_lasts_fifteen_minutes(world: World, tokens: dict[str, Any]) -> None:
    world.clock.advance(timedelta(seconds=899))
    assert (await world.send("GET", ME, key="ben+")).status == 200
    world.clock.advance(timedelta(seconds=1))
    replies = [await world.send("GET", ME, key="ben+") for _ in range(15)]

    assert {reply.status for reply in replies} == {401}  # an expired token is no attack
    assert "expired" in replies[0].json["detail"]
    assert (await refresh(world, tokens["refresh_token"])).status == 200


async def test_a_refresh_token_works_once(world: World, tokens: dict[str, Any]) -> None:
    second = (await refresh(world, tokens["refresh_token"])).json
    assert second["refresh_token"] != tokens["refresh_token"]
    third = await refresh(world, second["refresh_token"])
    assert third.status == 200

    again = await refresh(world, tokens["refresh_token"])
    assert (again.status, again.json["code"]) == (401, "sign_in_refused")
    # Whoever held the copy is out, with every token of this sign-in, the newest too.
    assert (await refresh(world, third.json["refresh_token"])).status == 401
    for token in (tokens, second, third.json):
        reply = await world.send("GET", ME, key=token["access_token"])
        assert reply.status == 401


async def test_a_refresh_token_sent_fifty_times_at_once_works_once(
    world: World, tokens: dict[str, Any]
) -> None:
    replies = await asyncio.gather(*(refresh(world, tokens["refresh_token"]) for _ in range(50)))

    assert [reply.status for reply in replies].count(200) == 1
    assert await world.database.read(
        lambda c: c.execute("SELECT end_reason FROM sign_ins").fetchone()[0] == "reuse"
    )


async def test_other_sign_ins_outlive_the_end_of_one(world: World, tokens: dict[str, Any]) -> None:
    other = (await login(world)).json
    await refresh(world, tokens["refresh_token"])
    await refresh(world, tokens["refresh_token"])

    assert (await world.send("GET", ME, key=other["access_token"])).status == 200


async def test_a_sign_in_that_is_not_used_ends(world: World, tokens: dict[str, Any]) -> None:
    world.clock.advance(timedelta(days=29))
    second = (await refresh(world, tokens["refresh_token"])).json
    world.clock.advance(timedelta(days=29))
    third = (await refresh(world, second["refresh_token"])).json
    world.clock.advance(timedelta(days=30))

    assert (await refresh(world, third["refresh_token"])).status == 401


async def test_signing_out_ends_both_tokens_at_once(world: World, tokens: dict[str, Any]) -> None:
    second = (await refresh(world, tokens["refresh_token"])).json
    assert (await world.send("POST", "/api/v1/auth/logout", key="ben+")).status == 204

    for token in (tokens, second):
        assert (await world.send("GET", ME, key=token["access_token"])).status == 401
    assert (await refresh(world, second["refresh_token"])).status == 401
    rows = await world.database.read(
        lambda c: c.execute("SELECT reason FROM revoked_tokens").fetchall()
    )
    assert [row[0] for row in rows] == ["logout", "logout"]  # the token, and its sign-in


async def test_an_api_key_has_nothing_to_sign_out_of(world: World) -> None:
    assert (await world.send("POST", "/api/v1/auth/logout")).status == 409


async def test_a_new_password_ends_all_sign_ins(world: World, tokens: dict[str, Any]) -> None:
    body = {"current_password": PASSWORD, "new_password": "another horse entirely"}
    wrong = await world.send(
        "POST", "/api/v1/auth/password", key="ben+", json=body | {"current_password": "x"}
    )
    assert wrong.status == 401
    changed = await world.send("POST", "/api/v1/auth/password", key="ben+", json=body)
    assert changed.status == 204, changed.text

    assert (await world.send("GET", ME, key="ben+")).status == 401
    assert (await refresh(world, tokens["refresh_token"])).status == 401
    assert (await login(world)).status == 401
    assert (await login(world, password="another horse entirely")).status == 200
    assert (await world.send("GET", ME, key="ben")).status == 200  # the API key


def forged(tokens: dict[str, Any], **changes: Any) -> str:
    """The access token with other claims, signed with the daemon's own key."""
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    header = {"typ": changes.pop("typ", "at+jwt")}
    key = changes.pop("key", KEY)
    algorithm = changes.pop("alg", "HS256")
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers=header)


def unsigned(tokens: dict[str, Any]) -> str:
    """The access token under the algorithm `none`."""
    _, payload, _ = tokens["access_token"].split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
    return f"{header.decode().rstrip('=')}.{payload}."


async def test_the_forger_can_forge(world: World, tokens: dict[str, Any]) -> None:
    assert (await world.send("GET", ME, key=forged(tokens))).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "somebody-else"},
        {"aud": None},
        {"iss": "elsewhere"},
        {"iss": None},
        {"typ": "JWT"},
        {"typ": "rt+jwt"},
        {"jti": None},
        {"sid": None},
        {"sub": None},
        {"exp": None},
        {"iat": None},
        {"exp": 1},
        {"exp": "never"},
        {"sub": "nobody"},
        {"sub": 1},
        {"sid": ["x"]},
        {"key": bytes(32)},
        {"alg": "HS512", "key": bytes(64)},
        {"exp": 10**30},
    ],
    ids=str,
)
async def test_forged_access_tokens_are_refused(
    world: World, tokens: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert (await world.send("GET", ME, key=forged(tokens, **changes))).status == 401


async def test_tokens_in_the_wrong_place_are_refused(world: World, tokens: dict[str, Any]) -> None:
    access, second = tokens["access_token"], tokens["refresh_token"]
    cut = access.rpartition(".")[0]
    for wrong in (unsigned(tokens), second, cut + ".", f"{cut}.{'A' * 43}", access + "A", "a.b.c"):
        assert (await world.send("GET", ME, key=wrong)).status == 401, wrong
        world.clock.advance(timedelta(minutes=1))
    assert (await refresh(world, access)).json["errors"] == [
        {"field": "refresh_token", "message": "is too long"}
    ]
    assert (await refresh(world, second + "A")).status == 401
    with pytest.raises(Exception, match="401"):
        await world.connect(forged(tokens))


async def test_secrets_are_not_in_the_database(world: World, tokens: dict[str, Any]) -> None:
    def everything(connection: Any) -> str:
        return "\n".join(connection.iterdump())

    dump = await world.database.read(everything)
    for secret in (PASSWORD, tokens["access_token"], tokens["refresh_token"], world.keys["ana"]):
        assert secret not in dump
