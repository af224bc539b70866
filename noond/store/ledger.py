"""The ledger_entries table: which content of which file an agent is done with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from noond.clock import to_ms
from noond.store.rows import Connection, Transaction

_MANIFEST_STEP = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """What an agent is done with: this content under this path, by this run."""

    sha256: str
    extractor: str
    origin_path: str
    run_id: str


def find(
    connection: Connection, user_id: str, agent_id: str, paths: Iterable[str]
) -> dict[str, KnownFile]:
    """What is known of these paths, by path."""
    wanted = list(paths)
    known: dict[str, KnownFile] = {}
    for start in range(0, len(wanted), _MANIFEST_STEP):
        step = wanted[start : start + _MANIFEST_STEP]
        rows = connection.execute(
            "SELECT path, sha256, extractor, origin_path, run_id FROM ledger_entries"
            " WHERE agent_id = ? AND user_id = ?"
            f" AND path IN ({','.join('?' * len(step))})",
            (agent_id, user_id, *step),
        )
        for row in rows:
            known[row["path"]] = KnownFile(
                sha256=row["sha256"],
                extractor=row["extractor"],
                origin_path=row["origin_path"],
                run_id=row["run_id"],
            )
    return known


def find_content(
    connection: Connection, user_id: str, agent_id: str, sha256: str, extractor: str
) -> KnownFile | None:
    """The same content, done with under whatever path: a move."""
    row = connection.execute(
        "SELECT sha256, extractor, origin_path, run_id FROM ledger_entries"
        " WHERE agent_id = ? AND user_id = ? AND sha256 = ? AND extractor = ? LIMIT 1",
        (agent_id, user_id, sha256, extractor),
    ).fetchone()
    if row is None:
        return None
    return KnownFile(
        sha256=row["sha256"],
        extractor=row["extractor"],
        origin_path=row["origin_path"],
        run_id=row["run_id"],
    )


def put(
    tx: Transaction,
    user_id: str,
    agent_id: str,
    path: str,
    entry: KnownFile,
    *,
    now: datetime,
) -> None:
    """The file's content is done."""
    tx.execute(
        "INSERT INTO ledger_entries"
        " (user_id, agent_id, path, sha256, extractor, origin_path, run_id, read_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (agent_id, path) DO UPDATE SET sha256 = excluded.sha256,"
        " extractor = excluded.extractor, origin_path = excluded.origin_path,"
        " run_id = excluded.run_id, read_at = excluded.read_at",
        (
            user_id,
            agent_id,
            path,
            entry.sha256,
            entry.extractor,
            entry.origin_path,
            entry.run_id,
            to_ms(now),
        ),
    )
