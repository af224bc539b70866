"""Looking before leaping: estimates, dry runs, and the difference between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from noond.models.document import Record


class RunMode(StrEnum):
    """`full` journals records; `dry_run` only proposes; `estimate` reads the manifest alone."""

    FULL = "full"
    DRY_RUN = "dry_run"
    ESTIMATE = "estimate"


class Novelty(StrEnum):
    """A proposal against what the agent has brought before."""

    NEW = "new"
    KNOWN = "known"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run would have to read.

    `cost_usd` is None when the model's price is not known; the embedded extractor costs nothing.
    """

    files_new: int
    files_changed: int
    files_unchanged: int
    bytes_to_read: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedFile:
    """A file that a dry run has read; `origin_path` as in the ledger."""

    path: str
    sha256: str
    extractor: str
    origin_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a dry run would suggest."""

    id: str
    record: Record
    path: str
    sha256: str
    extractor: str
    fingerprint: str
    novelty: Novelty
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record or proposal of a run, for comparison with another run's."""

    fingerprint: str
    path: str
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDiff:
    """What the later run adds, changes (before, after) and drops against the earlier one."""

    added: tuple[Found, ...]
    changed: tuple[tuple[Found, Found], ...]
    dropped: tuple[Found, ...]
