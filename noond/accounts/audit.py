"""The audit log: written before a request is answered, read, verified, and archived when old."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import structlog

from noond.accounts.audit_chain import ARCHIVED, Chain, Mark
from noond.accounts.audit_files import ArchiveFiles
from noond.accounts.audit_verification import Inquiry
from noond.accounts.vault import Vault
from noond.clock import Clock, to_ms
from noond.models.audit import AuditEntry, AuditEvent, AuditFilter, Verification
from noond.redaction import safe_json, safe_text
from noond.store import audit, users
from noond.store.database import Database
from noond.store.rows import Transaction

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 500
"""Rows that are archived in one step."""


class AuditLog:
    """The log of one data directory. Rows older than `keep_days` are moved to `archive`."""

    def __init__(
        self, database: Database, vault: Vault, *, clock: Clock, archive: Path, keep_days: int
    ) -> None:
        self._database = database
        self._chain = Chain(vault)
        self._clock = clock
        self._files = ArchiveFiles(archive)
        self._kept = timedelta(days=keep_days)
        self._in_order = asyncio.Lock()

    async def record(self, event: AuditEvent) -> None:
        """Write an event; it is on the disk when this returns. Raises StorageError."""
        row = self._row(event)
        await self._database.write(lambda tx: self._append(tx, row))

    def append(self, tx: Transaction, event: AuditEvent) -> None:
        """Write an event within the transaction of what it tells of."""
        self._append(tx, self._row(event))

    async def list(
        self, wanted: AuditFilter, *, limit: int, before: int | None = None
    ) -> list[AuditEntry]:
        """The entries that match and are not archived, newest first, numbered below `before`."""
        return await self._database.read(
            lambda c: audit.list_page(c, wanted, limit=limit, before=before)
        )

    async def verify(self) -> Verification:
        """Look through archive and table for what was changed, removed or put in."""
        async with self._in_order:
            found = await Inquiry(self._chain).run(self._database, self._files)
        if not found.ok:
            log.error("audit_log_tampered_with", problems=found.problems[:5])
        return found

    def oldest_kept(self) -> datetime:
        """Rows from before then belong in the archive."""
        return self._clock.now() - self._kept

    async def archive_old(self, before: datetime) -> int:
        """Move the rows from before then to the archive, oldest first; returns how many.

        A row is deleted once its line is on the disk. Raises StorageError, OSError: what was not
        moved is moved the next time.
        """
        moved = 0
        async with self._in_order:
            while rows := await self._database.read(lambda c: _old(c, to_ms(before))):
                await asyncio.to_thread(self._files.append, rows)
                last = Mark(seq=rows[-1]["seq"], mac=rows[-1]["mac"])
                await self._database.write(partial(self._forget, last=last))
                moved += len(rows)
        if moved:
            log.info("audit_log_archived", rows=moved)
        return moved

    def _append(self, tx: Transaction, row: dict[str, Any]) -> None:
        if row["actor_id"] is not None and row["actor_name"] is None:
            user = users.find(tx, row["actor_id"])
            row["actor_name"] = user and safe_text(user.name)
        self._chain.append(tx, row)

    def _forget(self, tx: Transaction, last: Mark) -> None:
        audit.delete_through(tx, last.seq)
        self._chain.put(tx, ARCHIVED, last)

    def _row(self, event: AuditEvent) -> dict[str, Any]:
        actor = event.actor
        return {
            "at": to_ms(self._clock.now()),
            "actor_id": _text(actor.id),
            "actor_name": _text(actor.name),
            "actor_kind": actor.kind,
            "credential_id": _text(actor.credential_id),
            "action": event.action.value,
            "resource": event.resource,
            "resource_id": _text(event.resource_id),
            "ip": _text(event.ip),
            "user_agent": _text(event.user_agent),
            "request_id": _text(event.request_id),
            "method": event.method,
            "path": _text(event.path),
            "body": safe_json(event.body),
            "status": event.status,
            "error": event.error,
            "changes": safe_json(event.changes),
        }


def _old(connection: Transaction, before: int) -> list[dict[str, Any]]:
    """The oldest rows in their order, up to the first that is younger.

    So the table's rows stay those that follow the archive's, also when the clock was set.
    """
    rows = audit.chunk(connection, after=0, through=2**63 - 1, limit=_AT_ONCE)
    return list(takewhile(lambda row: row["at"] < before, rows))


def _text(text: str | None) -> str | None:
    return None if text is None else safe_text(text)
