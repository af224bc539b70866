"""Examples of the routes of the tag Agent Service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

SESSION: Final = "01a1fab5-f090-7000-8d21-5c7e9a3b1f60"
_INTERACTION: Final = "01a1fab5-f091-7000-a4c8-0e6d2b9f7a13"
_BEGUN: Final = "2026-11-20T08:15:30.000Z"
_DONE: Final = "2026-11-20T08:15:34.512Z"

_INTERACTION_SHOWN: Final[Mapping[str, Any]] = {
    "id": _INTERACTION,
    "session_id": SESSION,
    "agent_type": "calendar",
    "message": "When am I free tomorrow?",
    "response": "From 10:00 to 12:30.",
    "success": True,
    "metadata": {},
    "created_at": _DONE,
}
_ACTIVITY_SHOWN: Final[Mapping[str, Any]] = {
    "id": "01a1fab5-f092-7000-9e5f-7b1c4d8a2e06",
    "activity_type": "InteractionCompleted",
    "agent_type": "calendar",
    "session_id": SESSION,
    "description": "the agent calendar has answered",
    "metadata": {"interaction_id": _INTERACTION},
    "created_at": _DONE,
}
_PERSON: Final[Mapping[str, Any]] = {"name": "people", "value": "Ben", "count": 7}

AGENT_SERVICE: Final[Mapping[str, Any]] = {
    "ActionFigures": {
        "action": "schedule",
        "count": 12,
        "average_ms": 840.5,
        "success_rate": 0.75,
        "entities": [_PERSON],
    },
    "Activity": _ACTIVITY_SHOWN,
    "AgentStatus": {
        "active_sessions": 1,
        "total_sessions": 4,
        "connected_agents": ["calendar"],
        "recent_interactions": [_INTERACTION_SHOWN],
        "recent_activities": [_ACTIVITY_SHOWN],
        "last_activity": _DONE,
    },
    "Analytics.since": "2026-10-21T09:00:00.000Z",
    "EntityCount": _PERSON,
    "IntentFigures": {"intent": "schedule_meeting", "count": 9, "entities": [_PERSON]},
    "Interaction": _INTERACTION_SHOWN,
    "NewSession": {"agent_type": "github", "repository": "ana/garden"},
    "Quota": {
        "name": "invocations",
        "used": 12,
        "limit": 200,
        "reset_time": "2026-11-20T23:00:00.000Z",
    },
    "Session": {
        "id": SESSION,
        "agent_type": "github",
        "project": None,
        "repository": "ana/garden",
        "created_at": _BEGUN,
        "last_activity": _DONE,
        "is_active": True,
        "ended_at": None,
    },
    "SessionChanges": {"repository": "ana/allotment"},
}
"""By component, or component and field."""
