"""Following the audit log's chain through archive and table, and naming what does not fit."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from noond.accounts.audit_chain import ARCHIVED, BROKEN, HEAD, START, Chain, Mark
from noond.accounts.audit_files import ArchiveFiles
from noond.clock import from_ms
from noond.models.audit import Verification
from noond.store import audit
from noond.store.database import Database
from noond.store.rows import Connection

_CHUNK: Final = 1000
_MOST_PROBLEMS: Final = 100
_LOWEST: Final = -(2**63)


class Inquiry:
    """One look through the whole log, from the first row to the newest of when it began."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._problems: list[str] = []
        self._more = 0
        self._first: Mapping[str, Any] | None = None

    async def run(self, database: Database, files: ArchiveFiles) -> Verification:
        """What was found. Nothing may be archived in the meantime."""
        head, archived, newest = await database.read(self._marks)
        archived_rows = await asyncio.to_thread(self._follow_archive, files, archived)
        walk = _Walk(self._chain, archived, self._report)
        through = max(newest, head.seq)
        after: int | None = _LOWEST
        while after is not None:
            after = await database.read(partial(self._follow, walk, after, through))
        self._compare_end(walk, head)
        first = self._first
        if self._more:
            self._problems.append(f"and {self._more} more")
        return Verification(
            rows=walk.rows,
            archived_rows=archived_rows,
            first_seq=None if first is None else first["seq"],
            last_seq=None if first is None else max(walk.place.seq, archived.seq),
            since=from_ms(first["at"]) if first and isinstance(first["at"], int) else None,
            problems=tuple(self._problems),
        )

    def _report(self, problem: str) -> None:
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(problem)
        else:
            self._more += 1

    def _marks(self, connection: Connection) -> tuple[Mark, Mark, int]:
        """The sealed end of the log and of the archive, and the newest row's number."""
        connection.execute("BEGIN")
        try:
            return (
                self._mark(connection, HEAD, "log"),
                self._mark(connection, ARCHIVED, "archive"),
                audit.last_seq(connection),
            )
        finally:
            connection.execute("COMMIT")

    def _mark(self, connection: Connection, name: str, of: str) -> Mark:
        try:
            return self._chain.find(connection, name) or START
        except ValueError:
            self._report(f"the sealed end of the {of} was changed")
            return START

    def _follow_archive(self, files: ArchiveFiles, archived: Mark) -> int:
        """How many rows the archive has."""
        walk = _Walk(self._chain, START, self._report)
        try:
            self._follow_lines(walk, files, archived)
        except OSError as error:
            self._report(f"{error.filename or 'the archive'} can't be read: {error.strerror}")
        if walk.place.seq < archived.seq:
            self._report(f"{_rows(walk.place.seq + 1, archived.seq)} missing in the archive")
        return walk.rows

    def _follow_lines(self, walk: _Walk, files: ArchiveFiles, archived: Mark) -> None:
        for line in files.lines():
            if line.row is None:
                self._report(f"{line.place} was changed")
                continue
            self._first = self._first or line.row
            walk.step(line.row, line.place)
            if walk.place.seq == archived.seq and walk.place.mac != archived.mac:
                self._report(f"{line.place} is not the row that was archived")

    def _follow(self, walk: _Walk, after: int, through: int, connection: Connection) -> int | None:
        """Follow some rows of the table; returns the last one's number, None behind the end."""
        rows = audit.chunk(connection, after=after, through=through, limit=_CHUNK)
        for row in rows:
            self._first = self._first or row
            walk.step(row, f"row {row['seq']}")
        return rows[-1]["seq"] if rows else None

    def _compare_end(self, walk: _Walk, head: Mark) -> None:
        end = walk.place
        if end.seq < head.seq:
            self._report(f"{_rows(end.seq + 1, head.seq)} missing at the end")
        elif end.seq > head.seq:
            self._report(f"{_rows(head.seq + 1, end.seq)} not of the log")
        elif end.mac != head.mac:
            self._report(f"row {end.seq} is not the one that the log ended with")


class _Walk:
    """Steps from row to row. What follows missing rows can't be judged, but what follows it can."""

    def __init__(self, chain: Chain, start: Mark, report: Callable[[str], None]) -> None:
        self._chain = chain
        self._report = report
        self._known = True
        self.place = start
        self.rows = 0

    def step(self, row: Mapping[str, Any], where: str) -> None:
        """Look at the next row."""
        seq, mac = row["seq"], row["mac"]
        self.rows += 1
        if seq <= self.place.seq:
            self._report(f"{where} stands where row {self.place.seq + 1} should")
            return
        if seq > self.place.seq + 1:
            self._report(f"{_rows(self.place.seq + 1, seq - 1)} missing before {where}")
            self._known = False
        if not isinstance(mac, bytes):
            mac = b""
        if self._known and not hmac.compare_digest(mac, self._chain.mac(self.place.mac, row)):
            after_break = self._chain.mac(BROKEN, row)
            if hmac.compare_digest(mac, after_break):
                self._report(f"{where} was added when the end of the log had been changed")
            else:
                self._report(f"{where} was changed")
        self.place = Mark(seq=seq, mac=mac)
        self._known = True


def _rows(first: int, last: int) -> str:
    return f"row {first} is" if first == last else f"rows {first} to {last} are"
