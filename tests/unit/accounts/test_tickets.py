"""Tickets work once, for half a minute, for the credential they were made with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from noond.accounts.tickets import TICKETS_PER_CREDENTIAL, Tickets
from noond.errors import RateLimited
from noond.models.account import CredentialKind, Principal, Role, Scope, User

if TYPE_CHECKING:
    from tests.unit.accounts.conftest import ManualClock


def principal(clock: ManualClock, name: str = "ana") -> Principal:
    return Principal(
        user=User(id=name, name=name, timezone="UTC", created_at=clock.now(), role=Role.USER),
        kind=CredentialKind.API_KEY,
        credential_id=f"{name}'s key",
        credential_name=name,
        scopes=frozenset({Scope.EVENTS_READ}),
        expires_at=clock.now() + timedelta(days=1),
    )


def test_a_ticket_stands_for_its_credential_once(clock: ManualClock) -> None:
    tickets = Tickets(clock=clock)
    ana, ben = principal(clock), principal(clock, "ben")
    of_ana, expires_at = tickets.issue(ana)
    of_ben, _ = tickets.issue(ben)

    assert expires_at == clock.now() + timedelta(seconds=30)
    assert of_ana != of_ben
    assert tickets.redeem(of_ana) is ana
    assert tickets.redeem(of_ana) is None
    assert tickets.redeem(of_ben) is ben


@pytest.mark.parametrize(("seconds", "works"), [(29.9, True), (30, False), (3600, False)])
def test_it_expires(clock: ManualClock, seconds: float, works: bool) -> None:
    tickets = Tickets(clock=clock)
    ticket, _ = tickets.issue(principal(clock))

    clock.advance(timedelta(seconds=seconds))

    assert (tickets.redeem(ticket) is not None) is works


@pytest.mark.parametrize("wrong", ["", "nd_ticket_", "nd_ticket_" + "A" * 43, "é" * 43])
def test_anything_else_is_no_ticket(clock: ManualClock, wrong: str) -> None:
    tickets = Tickets(clock=clock)
    tickets.issue(principal(clock))

    assert tickets.redeem(wrong) is None


def test_nobody_hoards_tickets(clock: ManualClock) -> None:
    tickets = Tickets(clock=clock)
    first, _ = tickets.issue(principal(clock))
    clock.advance(timedelta(seconds=10))
    for _ in range(TICKETS_PER_CREDENTIAL - 1):
        tickets.issue(principal(clock))

    with pytest.raises(RateLimited) as refused:
        tickets.issue(principal(clock))
    assert refused.value.retry_after_seconds == 20
    tickets.issue(principal(clock, "ben"))

    assert tickets.redeem(first)
    tickets.issue(principal(clock))
    with pytest.raises(RateLimited):
        tickets.issue(principal(clock))
    clock.advance(timedelta(seconds=30))
    tickets.issue(principal(clock))
