"""Pages of lists: `limit` and an opaque `cursor`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field

from noond.api.routing import Query, Reply
from noond.errors import Invalid

T = TypeVar("T")
R = TypeVar("R", bound=Reply)
P = TypeVar("P", bound=Reply)

_PLACE_LENGTH = 300


class PageQuery(Query):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=200, description="Items of one page at most.")] = 50
    cursor: Annotated[
        str | None, Field(description="The `next` of the page before; without it, the first page.")
    ] = None

    def after(self) -> str | None:
        """The place that the cursor names; raises Invalid."""
        if self.cursor is None:
            return None
        padded = self.cursor + "=" * (-len(self.cursor) % 4)
        try:
            place = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        except (ValueError, binascii.Error):
            raise self.invalid() from None
        if not 0 < len(place) <= _PLACE_LENGTH or not place.isprintable():
            raise self.invalid()
        return place

    @staticmethod
    def invalid() -> Invalid:
        """The error of a cursor that no page has given."""
        return Invalid.field("cursor", "is not one that a page has given")


class Page(Reply, Generic[R]):
    """A part of a list."""

    items: list[R]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


def page_of(
    kind: type[P],
    found: Sequence[T],
    *,
    limit: int,
    show: Callable[[T], Reply],
    place: Callable[[T], str],
) -> P:
    """The page of what was found with a limit of one more than asked for.

    `kind` has `items` and `next`, as Page has. `place` gives what the next page starts after.
    """
    shown = found[:limit]
    following = _encode(place(shown[-1])) if len(found) > limit else None
    values: dict[str, Any] = {"items": [show(item) for item in shown], "next": following}
    return kind(**values)


def _encode(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
