"""Pairing: an administrator makes a code, a device turns it into its token."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, SecretStr

from noond.accounts.devices import Devices
from noond.accounts.pairing import Pairing
from noond.api.fields import DeviceId, Moment, Name
from noond.api.idempotency import Answered, Idempotency, Made
from noond.api.network import throttle_group
from noond.api.rates import FailureThrottle
from noond.api.routes.devices import DeviceTokenReply, token_reply
from noond.api.routing import Access, Answer, Body, Call, Rate, Reply, Route
from noond.errors import (
    AlreadyCreated,
    Conflict,
    IdempotencyConflict,
    PairingCodeWrong,
    RateLimited,
)
from noond.models.account import Scope, User
from noond.models.audit import Actor
from noond.store import users
from noond.store.database import Database
from noond.store.rows import Transaction

_KIND = "pairing code"


class NewPairing(Body):
    """For whom the code is: a device id, or any new device."""

    device_id: DeviceId | None = None


class PairingReply(Reply):
    """A code, shown once."""

    code: str = Field(description="`XXXX-XXXX`, Crockford's base32; one use, five tries.")
    expires_at: Moment


class PairDevice(Body):
    """What a device says to be let in."""

    code: Annotated[SecretStr, Field(min_length=1, max_length=64)]
    device_id: DeviceId
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paired:
    """The reply, and whose device it is."""

    answered: Answered
    user: User
    code_id: str


def routes(
    database: Database,
    pairing: Pairing,
    devices: Devices,
    idempotency: Idempotency,
    failures: FailureThrottle,
) -> tuple[Route, ...]:
    """The routes that let devices in."""
    one_at_a_time = asyncio.Lock()

    async def create(call: Call) -> Answer:
        body = call.body(NewPairing)

        def work(tx: Transaction) -> Made:
            code = pairing.create(tx, call.user_id, body.device_id)
            reply = PairingReply(code=code.text, expires_at=code.expires_at)
            return Made(status=201, reply=reply, object_id=code.id, secret=True)

        return await idempotency.run(call, work)

    async def pair(call: Call) -> Answer:
        body = call.body(PairDevice)
        address = throttle_group(call.client.address)

        def work(tx: Transaction) -> _Paired | None:
            code = pairing.find(tx, body.code.get_secret_value())
            if code is None:
                return None

            def let_in() -> Made:
                if not pairing.accept(tx, code, body.device_id):
                    raise _Refused
                token = devices.pair(tx, code.user_id, body.device_id, name=body.name)
                reply = token_reply(call, body.device_id, token.secret)
                return Made(status=201, reply=reply, object_id=body.device_id, secret=True)

            try:
                answered = idempotency.once(tx, call, code.user_id, let_in)
            except _Refused:
                return None  # caught within the transaction, so that the try stays counted
            return _Paired(answered=answered, user=users.get(tx, code.user_id), code_id=code.id)

        # One at a time, so that guesses sent all at once can't be looked at before one is counted.
        async with one_at_a_time:
            failures.check(_KIND, address)
            paired = await database.write(work)
            if paired is None:
                failures.count(_KIND, address)
                raise PairingCodeWrong()
        user = paired.user
        devices.paired(user.id, body.device_id)
        call.audit.actor = Actor(
            kind="pairing_code", id=user.id, name=user.name, credential_id=paired.code_id
        )
        call.audit.resource_id = body.device_id
        return paired.answered.response()

    return (
        Route(
            method="POST",
            path="/api/v1/devices/pairings",
            tag="Devices",
            summary="Make a pairing code",
            description="The code lets one device in: one use, five minutes, five tries. With a "
            "`device_id` it is for that device alone, which may exist already.",
            access=Scope.DEVICES_WRITE,
            rate=Rate.WRITE,
            handler=create,
            resource="pairing_code",
            body=NewPairing,
            reply=PairingReply,
            status=201,
            errors=(IdempotencyConflict, AlreadyCreated),
            idempotent=True,
        ),
        Route(
            method="POST",
            path="/api/v1/devices/pair",
            tag="Devices",
            summary="Pair a device",
            description="Turns a code into the device's token, which is shown once.",
            access=Access.PUBLIC,
            rate=Rate.NONE,
            handler=pair,
            body=PairDevice,
            reply=DeviceTokenReply,
            status=201,
            errors=(PairingCodeWrong, RateLimited, Conflict, IdempotencyConflict, AlreadyCreated),
            idempotent=True,
        ),
    )


class _Refused(Exception):
    """The code is used, expired or another device's."""
