"""The frames of the event socket: what an app says, what it is told, and of which events."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field

from noond.accounts.activities import ACTIVITY_LOGGED
from noond.accounts.devices import DEVICE_OFFLINE, DEVICE_ONLINE, DEVICE_PAIRED, DEVICE_REMOVED
from noond.api.fields import Moment
from noond.api.routing import Body, Reply
from noond.events import Event
from noond.findings.findings import FINDING_CLOSED, FINDING_OPENED, FINDING_UPDATED
from noond.jobs.telling import JOB_ENDED, JOB_PROGRESS, JOB_STARTED
from noond.models.account import Scope
from noond.models.activity import ActivityKind
from noond.models.agent_session import AgentType
from noond.models.finding import FindingKind
from noond.models.job import JobStatus, Reason
from noond.models.run import RunStatus, WaitingFor
from noond.runners.notices import BUDGET_WARNING, SCHEDULE_OVERDUE
from noond.runners.progress import DELIVERY_RETRACTED, DELIVERY_SETTLED
from noond.runners.progress import TOPIC as RUN_PROGRESS

SUBPROTOCOL: Final = "noond.events.v1"
FRAME_BYTES: Final = 4096
"""The longest frame an app may send."""

Sequence: TypeAlias = Annotated[int, Field(ge=0, lt=2**53)]
"""An event's number: it only ever grows, also over restarts, and every JSON reader can hold it."""


class Topic(StrEnum):
    """What an app can subscribe to."""

    RUNS = "runs"
    DEVICES = "devices"
    DELIVERIES = "deliveries"
    USAGE = "usage"
    ACTIVITIES = "activities"
    JOBS = "jobs"
    FINDINGS = "findings"


TOPIC_SCOPES: Final[Mapping[Topic, Scope]] = MappingProxyType(
    {
        Topic.RUNS: Scope.AGENTS_READ,
        Topic.DEVICES: Scope.DEVICES_READ,
        Topic.DELIVERIES: Scope.AGENTS_READ,
        Topic.USAGE: Scope.USAGE_READ,
        Topic.ACTIVITIES: Scope.AGENTS_READ,
        Topic.JOBS: Scope.JOBS_READ,
        Topic.FINDINGS: Scope.JOBS_READ,
    }
)
"""The scope that shows the same over HTTP."""


def scope_beside(event: Event) -> Scope | None:
    """The scope that an event needs beside that of its topic."""
    return Scope.JOBS_ADMIN if event.data.get("daemon_wide") else None


class _Data(Reply):
    """What listeners inside are told besides is left out."""

    model_config = ConfigDict(extra="ignore")


class RunProgress(_Data):
    """A run's present state."""

    run_id: str
    status: RunStatus
    waiting_for: WaitingFor | None
    items_processed: int
    items_created: int
    files_listed: int | None
    files_done: int
    errors: int


class ScheduleOverdue(_Data):
    """A run that should have begun and has not."""

    agent_id: str
    agent_name: str
    note: str


class DeviceChange(_Data):
    """A device; the event's name says what happened to it."""

    device_id: str


class DeliverySettled(_Data):
    """What the device did with a record."""

    run_id: str
    delivery_id: str
    device_id: str
    status: Literal["delivered", "failed"]
    error: str | None
    device_record_id: str | None


class DeliveryRetracted(_Data):
    """What undoing its run did with a record."""

    run_id: str
    delivery_id: str
    device_id: str
    retraction: Literal["deleted", "kept", "failed"]
    retraction_error: str | None


class BudgetWarning(_Data):
    """A spending limit is used to 80 %; `used_usd` is null for that of all users together."""

    setting: str
    agent_id: str | None
    run_id: str | None
    limit_usd: float
    used_usd: float | None
    reset_at: str


class ActivityLogged(_Data):
    """An activity, as in the list of them."""

    id: str
    activity_type: ActivityKind
    agent_type: AgentType | None
    session_id: str | None
    description: str
    metadata: dict[str, Any]
    created_at: str


class JobAttempt(_Data):
    """An attempt of a job has begun."""

    job_id: str
    job_type: str
    queue: str
    attempt: int


class JobProgressed(JobAttempt):
    """How far the attempt has come."""

    percent: int
    message: str | None


class JobAttemptEnded(JobAttempt):
    """What became of the attempt; `retry_at` is when the next one comes."""

    status: JobStatus
    reason: Reason | None
    error: str | None
    retry_at: str | None


class FindingChanged(_Data):
    """A finding as it is now; the event's name says what happened to it."""

    id: str
    kind: FindingKind
    subject: str
    daemon_wide: bool
    state: Literal["open", "closed"]
    title: str
    detail: str
    count: int
    opened_at: str
    updated_at: str
    closed_at: str | None


EVENTS: Final[Mapping[str, tuple[Topic, type[_Data]]]] = MappingProxyType(
    {
        RUN_PROGRESS: (Topic.RUNS, RunProgress),
        SCHEDULE_OVERDUE: (Topic.RUNS, ScheduleOverdue),
        DEVICE_PAIRED: (Topic.DEVICES, DeviceChange),
        DEVICE_REMOVED: (Topic.DEVICES, DeviceChange),
        DEVICE_ONLINE: (Topic.DEVICES, DeviceChange),
        DEVICE_OFFLINE: (Topic.DEVICES, DeviceChange),
        DELIVERY_SETTLED: (Topic.DELIVERIES, DeliverySettled),
        DELIVERY_RETRACTED: (Topic.DELIVERIES, DeliveryRetracted),
        BUDGET_WARNING: (Topic.USAGE, BudgetWarning),
        ACTIVITY_LOGGED: (Topic.ACTIVITIES, ActivityLogged),
        JOB_STARTED: (Topic.JOBS, JobAttempt),
        JOB_PROGRESS: (Topic.JOBS, JobProgressed),
        JOB_ENDED: (Topic.JOBS, JobAttemptEnded),
        FINDING_OPENED: (Topic.FINDINGS, FindingChanged),
        FINDING_UPDATED: (Topic.FINDINGS, FindingChanged),
        FINDING_CLOSED: (Topic.FINDINGS, FindingChanged),
    }
)
"""The events that apps are told of: their topic and the model of their data."""


class Subscribe(Body):
    """What an app wants to be told from now on, in place of what it wanted before."""

    type: Literal["subscribe"]
    topics: Annotated[list[Annotated[Topic, Field(strict=False)]], Field(max_length=20)]
    after: Annotated[
        Sequence | None,
        Field(description="The number after which to go on. None: at this frame's arrival."),
    ] = None


class Subscribed(Reply):
    """Of these topics all events with a number above `seq` follow."""

    type: Literal["subscribed"] = "subscribed"
    seq: int
    topics: list[Topic]


GapReason: TypeAlias = Literal["too_old", "restarted", "unknown"]


class Gap(Reply):
    """Events may have happened that are not kept any more; those after `to` follow.

    `restarted`: the daemon was. `unknown`: it has never given the number `from`.
    """

    type: Literal["gap"] = "gap"
    from_: Annotated[int, Field(serialization_alias="from")]
    to: int
    reason: GapReason


class EventFrame(Reply):
    """One event."""

    type: Literal["event"] = "event"
    seq: int
    topic: Topic
    name: str
    subject: str
    data: Any
    at: Moment


class ErrorFrame(Reply):
    """Why a frame of the app's was refused."""

    type: Literal["error"] = "error"
    code: str
    message: str


def encode(frame: Subscribed | Gap | EventFrame | ErrorFrame) -> bytes:
    """The frame as it is sent."""
    return frame.__pydantic_serializer__.to_json(frame, by_alias=True)
