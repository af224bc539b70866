"""What goes into an extraction and what comes out: documents, candidates, records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Table(StrEnum):
    """The device's tables that a record may go to."""

    TASKS = "tasks"
    NOTES = "notes"
    TIMELINES = "timelines"
    PROJECTS = "projects"
    TASK_COMMENTS = "taskComments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as the extractor sees it.

    `text` is the source text: decoded, unfolded, converted, NFC, LF. `path` is an opaque label.
    `sha256` (hex) is of the raw bytes. Relative dates resolve against `reference_at` in the zone
    `timezone` (an IANA name).
    """

    path: str
    text: str
    sha256: str
    reference_at: datetime
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProject:
    """A project that exists on the device."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTask:
    """An open task that exists on the device."""

    id: str
    title: str
    project_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceContext:
    """What records may refer to: the device's projects and open tasks, and no others."""

    projects: tuple[DeviceProject, ...] = ()
    tasks: tuple[DeviceTask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What an extractor proposes, before the gate.

    `quote` should stand in the source text; `table` and `data` are not trusted. `start` is where
    the extractor found the quote in the source text, when it knows.
    """

    table: str
    data: dict[str, Any]
    quote: str
    start: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What passed the gate: it may be journaled and sent to the device.

    `start` and `end` are the quote's span in the source text, in characters.
    """

    table: Table
    data: dict[str, Any]
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOutcome:
    """The records that passed, and how many candidates fell, by reason."""

    records: tuple[Record, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTexts:
    """What was said in a call, redacted and cut. `agent_state` and `tool_result` are JSON."""

    user_message: str | None = None
    agent_response: str | None = None
    agent_state: str | None = None
    tool_result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMCall:
    """One call to a model, for the accounts: what it cost and how it went.

    `cost_usd` is None when the price of the model is not known. `tool` names the tools that the
    model wanted called. `texts` is None when the settings keep none.
    """

    id: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    execution_ms: int
    success: bool
    error: str | None
    started_at: datetime
    tool: str | None = None
    texts: CallTexts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """All that an extractor made of one document."""

    candidates: tuple[Candidate, ...] = ()
    calls: tuple[LLMCall, ...] = ()
