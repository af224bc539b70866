"""From the records of a file to the journal: what is new goes in, what is known does not."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from noond.llm.quotes import normalise_quote
from noond.models.document import Record
from noond.models.preview import Novelty, ProposedFile
from noond.models.run import Run
from noond.store import journal, proposals
from noond.store.ledger import KnownFile
from noond.store.rows import Transaction


def fingerprints(agent_id: str, origin: str, records: Sequence[Record]) -> list[str]:
    """What makes each record the same one when its file is read again.

    (agent, path, table, normalised quote, n-th of these), hashed.
    """
    seen: Counter[tuple[str, str]] = Counter()
    made = []
    for record in records:
        key = (record.table.value, normalise_quote(record.quote))
        parts = [agent_id, origin, *key, seen[key]]
        made.append(hashlib.sha256(json.dumps(parts).encode()).hexdigest())
        seen[key] += 1
    return made


def journal_new(
    tx: Transaction,
    run: Run,
    path: str,
    entry: KnownFile,
    records: Sequence[Record],
    *,
    now: datetime,
) -> int:
    """Journal those of a file's records that the agent has not brought before; returns how many."""
    prints = fingerprints(run.agent_id, entry.origin_path, records)
    known = journal.novelty(tx, run.user_id, run.agent_id, prints, extractor=entry.extractor)
    fresh = [
        (record, fingerprint)
        for record, fingerprint in zip(records, prints, strict=True)
        if fingerprint not in known
    ]
    for record, fingerprint in fresh:
        journal.insert_record(
            tx,
            run,
            record,
            fingerprint=fingerprint,
            path=path,
            sha256=entry.sha256,
            extractor=entry.extractor,
            now=now,
        )
    return len(fresh)


def propose(
    tx: Transaction, run: Run, file: ProposedFile, records: Sequence[Record], *, now: datetime
) -> None:
    """Store what a dry run found in a file, new or not."""
    prints = fingerprints(run.agent_id, file.origin_path, records)
    known = journal.novelty(tx, run.user_id, run.agent_id, prints, extractor=file.extractor)
    proposals.put_file(tx, run.user_id, run.id, file)
    for record, fingerprint in zip(records, prints, strict=True):
        proposals.insert(
            tx,
            run.user_id,
            run.id,
            record,
            file,
            fingerprint=fingerprint,
            novelty=known.get(fingerprint, Novelty.NEW),
            now=now,
        )
