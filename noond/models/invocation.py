"""A message to a chat agent, the task that answers it, and what the task tells as it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from noond.models.account import Scope
from noond.models.job import Job, JobProgress

INVOCATION = "agent_invocation"
"""The job type of a task."""

STREAMING = "agent_streaming"
"""The job type of a task that tells its answer piece by piece."""

PREVIOUS = "{previous}"

FinishReason = Literal["stop", "length", "steps", "timeout"]
"""Why an answer ended: complete, cut at the model's limit, too many tool calls, out of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A message to an agent. `scopes` bound what its tools may do.

    `previous`: the task follows another one in a chain, whose answer takes the place of PREVIOUS
    in the message. `counted`: the user's quota was asked when it was sent.
    """

    agent_id: str
    message: str
    scopes: frozenset[Scope]
    conversation_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    previous: bool = False
    counted: bool = False

    def payload(self) -> dict[str, Any]:
        """As it stands in a job."""
        return {
            "agent_id": self.agent_id,
            "message": self.message,
            "scopes": sorted(self.scopes),
            "conversation_id": self.conversation_id,
            "metadata": dict(self.metadata),
            "previous": self.previous,
            "counted": self.counted,
        }

    @classmethod
    def of_payload(cls, payload: Mapping[str, Any]) -> Invocation:
        """The invocation that a job carries; scopes that are no more are left out."""
        known = {scope.value for scope in Scope}
        return cls(
            agent_id=payload["agent_id"],
            message=payload["message"],
            scopes=frozenset(Scope(name) for name in payload["scopes"] if name in known),
            conversation_id=payload["conversation_id"],
            metadata=payload["metadata"],
            previous=payload["previous"],
            counted=payload["counted"],
        )


class TaskEventName(StrEnum):
    """What a task tells. `run_finished` is the last word, also of a task that failed."""

    RUN_STARTED = "run_started"
    MESSAGE_DELTA = "message_delta"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    USAGE = "usage"
    ERROR = "error"
    RUN_FINISHED = "run_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvent:
    """One thing that a task told; `seq` counts from 1 over all its attempts."""

    seq: int
    name: TaskEventName
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpending:
    """What the calls to models of a task came to, those that failed included.

    `cost_usd` is None when the price of one is not known.
    """

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task as it stands.

    `content` is what it has written so far, or its whole answer; None once that is not kept any
    more (`expired`). `error` is the last error that it told: code and message.
    """

    job: Job
    invocation: Invocation
    progress: JobProgress | None
    last_seq: int
    chunks: int
    content: str | None
    result: dict[str, Any] | None
    expired: bool
    error: dict[str, Any] | None
    next_attempt_at: datetime | None
    spent: TaskSpending

    @property
    def streams(self) -> bool:
        """Whether its answer is told piece by piece."""
        return self.job.job_type == STREAMING
