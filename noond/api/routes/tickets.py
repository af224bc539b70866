"""Tickets for browsers, which can't send a credential when they open a WebSocket."""

from __future__ import annotations

from pydantic import Field

from noond.accounts.tickets import Tickets
from noond.api.fields import Moment
from noond.api.routing import Access, Answer, Call, Rate, Reply, Route
from noond.errors import RateLimited


class TicketReply(Reply):
    """A ticket, shown once."""

    ticket: str = Field(description="Opens one WebSocket, as the subprotocol `ticket.<ticket>`.")
    expires_at: Moment


def routes(tickets: Tickets) -> tuple[Route, ...]:
    """The route of tickets."""

    async def create(call: Call) -> Answer:
        ticket, expires_at = tickets.issue(call.principal)
        return TicketReply(ticket=ticket, expires_at=expires_at)

    return (
        Route(
            method="POST",
            path="/api/v1/tickets",
            tag="Events",
            summary="Get a ticket for a WebSocket",
            description="It works once, within 30 seconds, and opens no more than the credential "
            "of this request may.",
            access=Access.SIGNED_IN,
            rate=Rate.WRITE,
            handler=create,
            reply=TicketReply,
            status=201,
            errors=(RateLimited,),
        ),
    )
