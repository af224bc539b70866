"""Who sends a request: by API key, access token or ticket, or by a device's token."""

from __future__ import annotations

from aiohttp import web

from noond.accounts.devices import Devices
from noond.accounts.keys import APIKeys
from noond.accounts.sign_in import SignIns
from noond.accounts.tickets import Tickets
from noond.api.network import Client, throttle_group
from noond.api.rates import FailureThrottle
from noond.api.upgrades import offered_protocols
from noond.errors import Unauthenticated
from noond.models.account import CredentialKind, Principal
from noond.models.device import Device

_DOTS_OF_A_JWT = 2
_TICKET = "ticket."
_SEVERAL = "send one credential, not several"


class Authentication:
    """Recognises credentials. A valid one always passes; wrong ones are counted by address.

    A request without a credential is no attempt.
    """

    def __init__(
        self,
        keys: APIKeys,
        sign_ins: SignIns,
        tickets: Tickets,
        devices: Devices,
        failures: FailureThrottle,
    ) -> None:
        self._keys = keys
        self._sign_ins = sign_ins
        self._tickets = tickets
        self._devices = devices
        self._failures = failures

    async def caller(
        self, request: web.Request, client: Client, *, takes_ticket: bool = False
    ) -> Principal:
        """Whom the request speaks for; raises Unauthenticated or RateLimited."""
        tickets = _tickets(request) if takes_ticket else set()
        if tickets:
            return await self._bearer_of(tickets, request, client)
        secret = _credential(request, also="X-API-Key")
        is_token = secret.count(".") == _DOTS_OF_A_JWT
        found = await (self._sign_ins if is_token else self._keys).authenticate(secret)
        if found is None:
            kind = "access token" if is_token else "API key"
            self._failures.count(kind, throttle_group(client.address))
            raise Unauthenticated(f"the {kind} is unknown, revoked or expired", evaluated=kind)
        return found

    async def confirm(self, principal: Principal) -> Principal:
        """What the principal may do now; raises Unauthenticated when its credential has ended."""
        is_key = principal.kind is CredentialKind.API_KEY
        found = await (self._keys if is_key else self._sign_ins).confirm(principal)
        if found is None:
            raise Unauthenticated("the credential has ended")
        return found

    async def _bearer_of(
        self, tickets: set[str], request: web.Request, client: Client
    ) -> Principal:
        if len(tickets) > 1 or _bearers(request, also="X-API-Key"):
            raise Unauthenticated(_SEVERAL)
        found = self._tickets.redeem(tickets.pop())
        if found is None:
            kind = "ticket"
            self._failures.count(kind, throttle_group(client.address))
            raise Unauthenticated(
                f"the {kind} is unknown, used or expired; get a new one", evaluated=kind
            )
        return await self.confirm(found)

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
    found = _bearers(request, also=also)
    if len(found) != 1:
        raise Unauthenticated(_SEVERAL if found else None)
    return found.pop()


def _tickets(request: web.Request) -> set[str]:
    return {
        name.removeprefix(_TICKET)
        for name in offered_protocols(request)
        if name.startswith(_TICKET)
    }


def _bearers(request: web.Request, *, also: str | None) -> set[str]:
    found = set()
    for line in request.headers.getall("Authorization", []):
        scheme, _, secret = line.partition(" ")
        if scheme.lower() == "bearer" and secret.strip():
            found.add(secret.strip())
    if also is not None:
        found.update(line.strip() for line in request.headers.getall(also, []) if line.strip())
    return found
