"""Who sends a request: by API key or access token, or by a device's token."""

from __future__ import annotations

from aiohttp import web

from noond.accounts.devices import Devices
from noond.accounts.keys import APIKeys
from noond.accounts.sign_in import SignIns
from noond.api.network import Client, throttle_group
from noond.api.rates import FailureThrottle
from noond.errors import Unauthenticated
from noond.models.account import Principal
from noond.models.device import Device

_DOTS_OF_A_JWT = 2


class Authentication:
    """Recognises credentials. A valid one always passes; wrong ones are counted by address.

    A request without a credential is no attempt.
    """

    def __init__(
        self, keys: APIKeys, sign_ins: SignIns, devices: Devices, failures: FailureThrottle
    ) -> None:
        self._keys = keys
        self._sign_ins = sign_ins
        self._devices = devices
        self._failures = failures

    async def caller(self, request: web.Request, client: Client) -> Principal:
        """Whom the request speaks for; raises Unauthenticated or RateLimited."""
        secret = _credential(request, also="X-API-Key")
        is_token = secret.count(".") == _DOTS_OF_A_JWT
        found = await (self._sign_ins if is_token else self._keys).authenticate(secret)
        if found is None:
            kind = "access token" if is_token else "API key"
            self._failures.count(kind, throttle_group(client.address))
            raise Unauthenticated(f"the {kind} is unknown, revoked or expired", evaluated=kind)
        return found

    async def device(self, request: web.Request, client: Client) -> Device:
        """The device whose token the request carries; raises Unauthenticated or RateLimited."""
        device = await self._devices.authenticate(_credential(request))
        if device is None:
            kind = "device token"
            self._failures.count(kind, throttle_group(client.address))
            raise Unauthenticated(f"the {kind} is unknown or revoked; pair again", evaluated=kind)
        return device


def _credential(request: web.Request, *, also: str | None = None) -> str:
    """What the request carries; raises Unauthenticated unless that is exactly one credential."""
    found = set()
    for line in request.headers.getall("Authorization", []):
        scheme, _, secret = line.partition(" ")
        if scheme.lower() == "bearer" and secret.strip():
            found.add(secret.strip())
    if also is not None:
        found.update(line.strip() for line in request.headers.getall(also, []) if line.strip())
    if len(found) != 1:
        raise Unauthenticated("send one credential, not several" if found else None)
    return found.pop()
