"""What the audit log tells: who did what to which thing, from where, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class Action(StrEnum):
    """What was done, or tried."""

    CREATE = "CREATE"
    READ = "READ"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    EXECUTE = "EXECUTE"
    LOGIN = "LOGIN"
    LOGOUT = "LOGOUT"
    FAILED_AUTH = "FAILED_AUTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it. `kind` is what they were let in by, or `anonymous`, or `daemon`: what the daemon
    did by itself, for the user.
    """

    kind: str
    id: str | None = None
    """The user's id."""
    name: str | None = None
    credential_id: str | None = None


ANONYMOUS: Final = Actor(kind="anonymous")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What happened, as its witness tells it: texts may be long or harmful, values secret."""

    actor: Actor
    action: Action
    resource: str
    resource_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    method: str | None = None
    path: str | None = None
    body: Any = None
    status: int | None = None
    error: str | None = None
    changes: Mapping[str, Any] | None = None


COLUMNS: Final = (
    "seq",
    "at",
    "actor_id",
    "actor_name",
    "actor_kind",
    "credential_id",
    "action",
    "resource",
    "resource_id",
    "ip",
    "user_agent",
    "request_id",
    "method",
    "path",
    "body",
    "status",
    "error",
    "changes",
)
"""What an entry is made of, in the order in which it is signed; `at` in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An entry of the log. Its texts are inert and short; `body` and `changes` are JSON."""

    seq: int
    at: datetime
    actor_id: str | None
    actor_name: str | None
    actor_kind: str
    credential_id: str | None
    action: str
    resource: str
    resource_id: str | None
    ip: str | None
    user_agent: str | None
    request_id: str | None
    method: str | None
    path: str | None
    body: str | None
    status: int | None
    error: str | None
    changes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries; None stands for all. `since` is included, `until` is not."""

    actor: str | None = None
    """A user's id or name."""
    action: str | None = None
    resource: str | None = None
    resource_id: str | None = None
    status: int | None = None
    ip: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What looking through the whole log came to; `problems` name rows and lines."""

    rows: int
    archived_rows: int
    first_seq: int | None
    last_seq: int | None
    since: datetime | None
    """When the first entry was made."""
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is missing or changed."""
        return not self.problems
