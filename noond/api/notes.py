"""What a handler knows of its request that the border can't: for the audit and the request log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from noond.models.audit import Actor
from noond.models.request_log import AgentAction


@dataclass(slots=True, kw_only=True)
class AuditNote:
    """For the audit log. What is not said is taken from the credential and the path."""

    actor: Actor | None = None
    """Who it was, where no credential says so."""
    resource_id: str | None = None
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def changed(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Tell what became of some fields; those that stayed the same are left out."""
        for name, value in after.items():
            if before.get(name) != value:
                self.changes[name] = {"before": before.get(name), "after": value}


@dataclass(slots=True, kw_only=True)
class RequestNote:
    """For the request log. What is not said is taken from method and path."""

    action: AgentAction | None = None
    tool: str | None = None
    success: bool | None = None
    intent_category: str | None = None
    entities: Mapping[str, Any] | None = None
    user_pattern: str | None = None
    summary: str | None = None
