"""The chain of the audit log: each row is signed together with the signature before it.

The keys are derived from the key file. Whoever writes to the database without it can't make a row
that fits, nor take one out unseen: the end of the chain is sealed in `meta`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from noond.accounts.vault import Vault
from noond.models.audit import COLUMNS
from noond.store import audit, meta
from noond.store.rows import Connection, Transaction

log = structlog.get_logger(__name__)

HEAD: Final = "audit_head"
"""The newest row, in `meta`."""
ARCHIVED: Final = "audit_archived"
"""The newest row that was moved to the archive, in `meta`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in the chain."""

    seq: int
    mac: bytes


START: Final = Mark(seq=0, mac=bytes(32))
"""Before the first row."""
BROKEN: Final = b"\xff" * 32
"""Stands for the signature before a row that was added when the chain's end had been changed."""


class Chain:
    """Signs rows, and seals marks."""

    def __init__(self, vault: Vault) -> None:
        self._row_key = vault.subkey("audit chain")
        self._mark_key = vault.subkey("audit marks")

    def mac(self, previous: bytes, row: Mapping[str, Any]) -> bytes:
        """The signature of a row that follows another."""
        return hmac.new(self._row_key, previous + canonical(row), hashlib.sha256).digest()

    def find(self, connection: Connection, name: str) -> Mark | None:
        """The mark that is sealed in `meta`; None without one, raises ValueError for a false one.

        Without it, the log has no rows yet, or somebody took the mark away.
        """
        text = meta.find(connection, name)
        if text is None:
            return None
        seq, mac, seal = text.split()
        mark = Mark(seq=int(seq), mac=bytes.fromhex(mac))
        if not hmac.compare_digest(self._seal(name, mark), seal.encode()):
            raise ValueError
        return mark

    def put(self, tx: Transaction, name: str, mark: Mark) -> None:
        """Seal a mark."""
        seal = self._seal(name, mark).decode()
        meta.put(tx, name, f"{mark.seq} {mark.mac.hex()} {seal}")

    def append(self, tx: Transaction, row: Mapping[str, Any]) -> None:
        """Number, sign and store a row.

        When the end of the chain is not what was sealed the log goes on, and the row shows it.
        """
        last = audit.last_seq(tx)
        try:
            head = self.find(tx, HEAD) or START
            previous = head.mac if last <= head.seq else BROKEN
        except ValueError:
            head, previous = START, BROKEN
        if previous == BROKEN:
            log.error("audit_log_tampered_with", after_row=last)
        numbered = {**row, "seq": max(last, head.seq) + 1}
        mac = self.mac(previous, numbered)
        audit.insert(tx, {**numbered, "mac": mac})
        self.put(tx, HEAD, Mark(seq=numbered["seq"], mac=mac))

    def _seal(self, name: str, mark: Mark) -> bytes:
        told = f"{name} {mark.seq} {mark.mac.hex()}".encode()
        return hmac.new(self._mark_key, told, hashlib.sha256).hexdigest().encode()


def canonical(row: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: the values in the order of COLUMNS, as JSON in ASCII."""
    values = [row[name] for name in COLUMNS]
    return json.dumps(values, ensure_ascii=True, separators=(",", ":"), default=repr).encode()
