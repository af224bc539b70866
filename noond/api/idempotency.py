"""Requests that create, sent again with the same `Idempotency-Key`, create once.

Looking up the key, the work, and storing the reply are one transaction of the one writer. So a
duplicate waits for the first, and nothing is created whose reply is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

from noond.api.routing import Call
from noond.clock import Clock
from noond.errors import AlreadyCreated, IdempotencyConflict, Invalid
from noond.store import idempotency
from noond.store.database import Database
from noond.store.idempotency import KEPT, StoredReply
from noond.store.rows import Transaction

_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a request made. A reply that holds a secret is never stored."""

    status: int
    reply: BaseModel
    object_id: str
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The reply to a first request or to its repetition."""

    status: int
    body: str
    object_id: str | None

    def response(self) -> web.Response:
        """The reply as it is sent."""
        return web.Response(status=self.status, text=self.body, content_type="application/json")


def read_key(request: web.Request) -> str | None:
    """The request's Idempotency-Key; raises Invalid unless it is short and printable."""
    keys = request.headers.getall("Idempotency-Key", [])
    if not keys:
        return None
    key = keys[0]
    if (
        len(keys) > 1
        or not 0 < len(key) <= _KEY_LENGTH
        or not (key.isascii() and key.isprintable())
    ):
        raise Invalid.field(
            "Idempotency-Key", f"must be one value of 1 to {_KEY_LENGTH} printable characters"
        )
    return key


class Idempotency:
    """Runs the work of requests that create."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self, call: Call, work: Callable[[Transaction], Made]) -> web.Response:
        """Do the work in a transaction, or give the reply of the request that did.

        Raises IdempotencyConflict, AlreadyCreated, and what the work raises (which is not kept).
        """
        return (await self.answer(call, work)).response()

    async def answer(self, call: Call, work: Callable[[Transaction], Made]) -> Answered:
        """As `run`, for those who look at the answer."""
        answered = await self._database.write(
            lambda tx: self.once(tx, call, call.user_id, lambda: work(tx))
        )
        if not call.path:
            call.audit.resource_id = answered.object_id
        return answered

    def once(self, tx: Transaction, call: Call, user_id: str, work: Callable[[], Made]) -> Answered:
        """The same, within a transaction that has found out whose request it is."""
        if call.idempotency_key is None:
            return _answered(work())
        now = self._clock.now()
        place = (user_id, call.route.name, call.idempotency_key)
        stored = idempotency.find(tx, *place, since=now - KEPT)
        if stored is not None:
            return _repeated(stored, call)
        made = work()
        answered = _answered(made)
        reply = StoredReply(
            body_hash=call.content_hash,
            status=made.status,
            reply=None if made.secret else answered.body,
            object_id=made.object_id,
        )
        idempotency.put(tx, *place, reply, now=now)
        return answered


def _answered(made: Made) -> Answered:
    return Answered(status=made.status, body=made.reply.model_dump_json(), object_id=made.object_id)


def _repeated(stored: StoredReply, call: Call) -> Answered:
    if stored.body_hash != call.content_hash:
        raise IdempotencyConflict()
    if stored.reply is None:
        raise AlreadyCreated(stored.object_id or "")
    return Answered(status=stored.status, body=stored.reply, object_id=stored.object_id)
