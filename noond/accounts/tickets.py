"""Tickets: what a browser connects a WebSocket with, since it can't send a credential in a header.

A ticket is a secret of 256 bits for one connection within 30 seconds. It is known to this process
alone, and gives nobody more than the credential that it was made with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from noond.accounts.tokens import TICKET_PREFIX, new_token, token_hash
from noond.clock import Clock
from noond.errors import RateLimited
from noond.models.account import Principal

LIFETIME: Final = timedelta(seconds=30)
TICKETS_PER_CREDENTIAL: Final = 20


@dataclass(frozen=True, slots=True)
class _Ticket:
    principal: Principal
    ends: float
    """By the monotonic clock."""


class Tickets:
    """Makes tickets and takes them back."""

    def __init__(self, *, clock: Clock, per_credential: int = TICKETS_PER_CREDENTIAL) -> None:
        self._clock = clock
        self._per_credential = per_credential
        self._tickets: dict[bytes, _Ticket] = {}  # oldest first

    def issue(self, principal: Principal) -> tuple[str, datetime]:
        """A new ticket and when it expires; raises RateLimited when too many are not used yet."""
        now = self._clock.monotonic()
        self._forget_expired(now)
        waiting = [
            ticket.ends
            for ticket in self._tickets.values()
            if ticket.principal.credential_id == principal.credential_id
        ]
        if len(waiting) >= self._per_credential:
            raise RateLimited(
                f"{self._per_credential} tickets of this credential are not used yet",
                retry_after_seconds=waiting[0] - now,
            )
        token = new_token(TICKET_PREFIX)
        self._tickets[token.hash] = _Ticket(principal, now + LIFETIME.total_seconds())
        return token.secret, self._clock.now() + LIFETIME

    def redeem(self, secret: str) -> Principal | None:
        """Whom the ticket was made for; None when it is unknown, used or expired.

        What the credential may do by now has to be looked up.
        """
        hashed = token_hash(secret, TICKET_PREFIX)
        ticket = None if hashed is None else self._tickets.pop(hashed, None)
        if ticket is None or ticket.ends <= self._clock.monotonic():
            return None
        return ticket.principal

    def _forget_expired(self, now: float) -> None:
        for hashed, ticket in list(self._tickets.items()):
            if ticket.ends > now:
                return
            del self._tickets[hashed]
