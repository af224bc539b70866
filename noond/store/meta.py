"""The meta table: facts about this file itself."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from noond.clock import to_ms
from noond.store.database import connect_reader, connect_writer, translate
from noond.store.rows import Connection, Transaction

KEY_CHECK = "key_check"
"""Proves that the key file fits; present once the directory is set up."""

_EVENT_NUMBER = "event_number"
_NUMBERS_OF_A_START = 2**28
"""More events than one start of the daemon ever has: the clock may have been set back since."""


def find(connection: Connection, name: str) -> str | None:
    """The value of a fact."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else row["value"]


def put(tx: Transaction, name: str, value: str) -> None:
    """State a fact, in place of what was said of it before."""
    tx.execute(
        "INSERT INTO meta (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def next_event_number(tx: Transaction, now: datetime) -> int:
    """Where this start of the daemon begins to number events: above all numbers of earlier ones.

    About the milliseconds since 1970 times 1024, so that nothing needs to be stored while they are
    given, and below 2**53, the largest whole number that every JSON reader can hold.
    """
    before = int(find(tx, _EVENT_NUMBER) or 0)
    first = max(to_ms(now) * 1024, before + _NUMBERS_OF_A_START)
    put(tx, _EVENT_NUMBER, str(first))
    return first


def touch(tx: Transaction) -> None:
    """Write to the disk and leave nothing behind: shows whether it takes a write again."""
    put(tx, "touch", "")
    tx.execute("DELETE FROM meta WHERE name = 'touch'")


def peek(path: Path, name: str) -> str | None:
    """A fact from a database that nobody has opened; None where there is no such table yet.

    A file that is damaged gives None too: `store.opening` refuses it, and says what helps.
    """
    try:
        with contextlib.closing(connect_reader(path)) as connection:
            return find(connection, name)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (
            sqlite3.SQLITE_ERROR,
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
        ):
            return None
        raise translate(error) from error


def write_closed(path: Path, work: Callable[[Transaction], None]) -> None:
    """Run one transaction on a database that nobody has opened."""
    try:
        with contextlib.closing(connect_writer(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            work(connection)
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise translate(error) from error
