"""Secrets are sent wherever they can be sent; then all that the daemon has written is searched."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Machine

PASSWORD = "canary-password-of-the-owner"
NEXT_PASSWORD = "canary-password-that-follows"
WRONG_PASSWORD = "canary-password-that-is-wrong"
OWN_PLACES = ("cli.json", "key")
"""Files that are there to hold a secret, for their owner alone."""


class Caller:
    """Sends requests, and keeps every secret that it has sent or been given."""

    def __init__(self, http: aiohttp.ClientSession, url: str, key: str) -> None:
        self._http = http
        self._url = url
        self.key = key
        self.secrets = {"the first key": key}
        self.replies: list[str] = []

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """The reply's JSON, whatever its status."""
        sent = {"Authorization": f"Bearer {key or self.key}", **(headers or {})}
        url = self._url + path
        async with self._http.request(method, url, json=body, headers=sent) as reply:
            text = await reply.text()
        if reply.status >= 400:
            self.replies.append(text)
        return json.loads(text) if text else None

    async def sign_in(self, password: str) -> Any:
        """The tokens for the owner's password, which are kept."""
        body = {"name": "owner", "password": password}
        tokens = await self.send("POST", "/api/v1/auth/login", body)
        for name in ("access_token", "refresh_token"):
            if name in tokens:
                self.secrets[f"{name} {len(self.secrets)}"] = tokens[name]
        return tokens


async def live(caller: Caller) -> None:
    """What people do with secrets, the wrong things too."""
    secrets, send = caller.secrets, caller.send
    secrets |= {"password": PASSWORD, "next": NEXT_PASSWORD, "wrong": WRONG_PASSWORD}
    me = await send("GET", "/api/v1/auth/me")
    path = f"/api/v1/users/{me['user']['id']}/password"
    await send("POST", path, {"password": PASSWORD})
    await send("POST", path, {"password": PASSWORD, "passwort": PASSWORD})
    await send("POST", path, {"pass": {"word": PASSWORD}})
    await send("POST", "/api/v1/users", {"name": "eve", "password": WRONG_PASSWORD})
    await send("POST", "/api/v1/users", {"name": 1, "password": [WRONG_PASSWORD]})
    await caller.sign_in(WRONG_PASSWORD)
    tokens = await caller.sign_in(PASSWORD)
    following = await send(
        "POST", "/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]}
    )
    secrets |= {"second access": following["access_token"]}
    secrets |= {"second refresh": following["refresh_token"]}
    await send("POST", "/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    tokens = await caller.sign_in(PASSWORD)
    change = {"current_password": PASSWORD, "new_password": NEXT_PASSWORD}
    await send("POST", "/api/v1/auth/password", change, key=tokens["access_token"])
    await send("POST", "/api/v1/auth/password", change)

    made = await send("POST", "/api/v1/api-keys", {"name": "k", "scopes": ["admin"]})
    secrets["made key"] = made["api_key"]
    rotated = await send("POST", f"/api/v1/api-keys/{made['id']}/rotate")
    secrets["rotated key"] = rotated["api_key"]
    for secret in (made["api_key"], rotated["api_key"], following["access_token"]):
        await send("GET", f"/api/v1/runs?api_key={secret}")
        await send("GET", f"/api/v1/runs/{secret}")
        await send("GET", f"/{secret}")
        await send("POST", "/api/v1/agents", {"name": secret, "token": secret})
        await send("GET", "/api/v1/runs", key=f"{secret}A")
        await send("GET", "/api/v1/runs", headers={"X-API-Key": f"{secret}B"})
        await send("GET", "/api/v1/runs", headers={"Cookie": f"token={secret}"})
        await send("GET", "/api/v1/runs", headers={"Referer": f"http://x/?token={secret}"})

    code = (await send("POST", "/api/v1/devices/pairings", {"device_id": "d"}))["code"]
    secrets |= {"code": code, "code as typed": code.replace("-", "")}
    device = {"device_id": "d", "name": "d"}
    await send("POST", "/api/v1/devices/pair", {"code": code + "X", **device})
    paired = await send("POST", "/api/v1/devices/pair", {"code": code, **device})
    secrets["device token"] = paired["device_token"]
    await send("GET", "/ws/device", key=paired["device_token"])
    await send("GET", f"/ws/device?token={paired['device_token']}", key="noondd_wrong")
    again = await send("POST", "/api/v1/devices/d/token")
    secrets["second device token"] = again["device_token"]


@pytest.mark.parametrize("style", ["json", "console"])
async def test_no_secret_is_written_anywhere(machine: Machine, style: str) -> None:
    key = machine.ask("init")["api_key"]
    log = machine.root / "daemon.log"
    environment = machine.environment(NOOND__LOG__LEVEL="debug", NOOND__LOG__STYLE=style)
    with log.open("wb") as written:
        daemon = subprocess.Popen(
            [sys.executable, "-X", "dev", "-m", "noond", "serve", "--port", "0", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
            env=environment,
        )
    try:
        assert daemon.stdout is not None
        url = json.loads(daemon.stdout.readline())["url"]
        async with aiohttp.ClientSession() as http:
            caller = Caller(http, url, key)
            await live(caller)
        machine.noond("runs", "--json", NOOND_API_KEY=f"{key}A", NOOND_URL=url)
        live_files = files(machine)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=30)

    places = {**live_files, **files(machine), "errors": "\n".join(caller.replies).encode()}
    assert any(name.endswith("-wal") for name in places)
    assert len(caller.replies) > 20
    found = {
        (what, place)
        for what, secret in caller.secrets.items()
        for place, content in places.items()
        if secret.encode() in content
    }
    assert found == set()


def files(machine: Machine) -> dict[str, bytes]:
    """Everything below the machine's root that is not there to hold a secret."""
    return {
        str(path.relative_to(machine.root)): path.read_bytes()
        for path in machine.root.rglob("*")
        if path.is_file() and path.name not in OWN_PLACES
    }
