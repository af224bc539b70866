"""The proposals and proposed_files tables: what a dry run would bring."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from noond.clock import from_ms, new_id, to_ms
from noond.models.document import Record, Table
from noond.models.preview import Novelty, Proposal, ProposedFile
from noond.store.rows import Connection, Row, Transaction, dump, load


def _proposal(row: Row) -> Proposal:
    return Proposal(
        id=row["id"],
        record=Record(
            table=Table(row["table_name"]),
            data=load(row["data"]),
            quote=row["quote"],
            start=row["span_start"],
            end=row["span_end"],
        ),
        path=row["path"],
        sha256=row["sha256"],
        extractor=row["extractor"],
        fingerprint=row["fingerprint"],
        novelty=Novelty(row["novelty"]),
        created_at=from_ms(row["created_at"]),
    )


def put_file(tx: Transaction, user_id: str, run_id: str, file: ProposedFile) -> None:
    """The dry run has read this file."""
    tx.execute(
        "INSERT OR REPLACE INTO proposed_files (user_id, run_id, path, sha256, extractor,"
        " origin_path) VALUES (?, ?, ?, ?, ?, ?)",
        (user_id, run_id, file.path, file.sha256, file.extractor, file.origin_path),
    )


def insert(
    tx: Transaction,
    user_id: str,
    run_id: str,
    record: Record,
    file: ProposedFile,
    *,
    fingerprint: str,
    novelty: Novelty,
    now: datetime,
) -> None:
    """Store what the dry run would suggest; the same suggestion is stored once."""
    tx.execute(
        "INSERT OR IGNORE INTO proposals (id, user_id, run_id, table_name, data, path, sha256,"
        " quote, span_start, span_end, extractor, fingerprint, novelty, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new_id(),
            user_id,
            run_id,
            record.table,
            dump(record.data),
            file.path,
            file.sha256,
            record.quote,
            record.start,
            record.end,
            file.extractor,
            fingerprint,
            novelty,
            to_ms(now),
        ),
    )


def list_of_run(
    connection: Connection,
    user_id: str,
    run_id: str,
    *,
    limit: int = -1,
    after: str | None = None,
) -> Sequence[Proposal]:
    """The dry run's proposals, oldest first, ids above `after`; all of them without a limit."""
    rows = connection.execute(
        "SELECT * FROM proposals WHERE user_id = ? AND run_id = ? AND id > ? ORDER BY id LIMIT ?",
        (user_id, run_id, after or "", limit),
    )
    return [_proposal(row) for row in rows]


def list_files(connection: Connection, user_id: str, run_id: str) -> Sequence[ProposedFile]:
    """The files that the dry run has read."""
    rows = connection.execute(
        "SELECT path, sha256, extractor, origin_path FROM proposed_files"
        " WHERE user_id = ? AND run_id = ? ORDER BY path",
        (user_id, run_id),
    )
    return [
        ProposedFile(
            path=row["path"],
            sha256=row["sha256"],
            extractor=row["extractor"],
            origin_path=row["origin_path"],
        )
        for row in rows
    ]


def has_file(connection: Connection, user_id: str, run_id: str, path: str, sha256: str) -> bool:
    """Whether the dry run has read this content of this file."""
    row = connection.execute(
        "SELECT 1 FROM proposed_files WHERE user_id = ? AND run_id = ? AND path = ? AND sha256 = ?",
        (user_id, run_id, path, sha256),
    ).fetchone()
    return row is not None
