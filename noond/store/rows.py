"""Between rows and dataclasses: milliseconds to aware times, JSON text to values."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeAlias

from pydantic_core import from_json

from noond.clock import from_ms, to_ms

Connection: TypeAlias = sqlite3.Connection
"""A connection on its own thread: reading, or inside the writer's transaction."""

Transaction: TypeAlias = sqlite3.Connection
"""The writer's connection, inside the present transaction."""

Row: TypeAlias = sqlite3.Row


@contextmanager
def all_or_nothing(tx: Transaction) -> Iterator[None]:
    """A part of a transaction that is undone alone when it raises."""
    tx.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        tx.execute("ROLLBACK TO part")
        raise
    finally:
        tx.execute("RELEASE part")


def ms_or_none(moment: datetime | None) -> int | None:
    """Milliseconds for a column that may be null."""
    return None if moment is None else to_ms(moment)


def time_or_none(milliseconds: int | None) -> datetime | None:
    """The aware UTC time of a column that may be null."""
    return None if milliseconds is None else from_ms(milliseconds)


# Made once: json.dumps makes one for each call that is not plain.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def dump(value: Any) -> str:
    """JSON text for a column: compact, readable, keys in the order given."""
    return _encode(value)


def load(text: str) -> Any:
    """The value of a JSON column."""
    return from_json(text)
