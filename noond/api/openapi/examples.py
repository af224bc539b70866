"""Examples of what routes take and give: put together from what each field may look like.

They tell one story: the agent `Garden` reads notes on the device `laptop`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from noond.api.openapi.examples_agent_service import AGENT_SERVICE, SESSION
from noond.api.openapi.examples_chat import CHAT_EXAMPLES, CHAT_FIELDS
from noond.api.openapi.examples_jobs import JOB, JOBS
from noond.api.openapi.schemas import Schemas, component_name

_AGENT = "01a1fab5-f06a-7000-b3e0-19249a11d43c"
_RUN = "01a1fab5-f082-7000-a8ae-7c571130a617"
_EARLIER_RUN = "01a1f58d-2a4b-7000-9f0e-5d0c3b1a7e42"
_KEY = "01a1fab2-7c31-7000-8e4f-1d6a0b9c5f28"
_USER = "01a1fab1-03de-7000-a1b7-64e5c2f8d930"
_REQUEST = "01a1fab5-f0bc-7000-bb21-bcee32cdce41"
_SHA256 = "9f2b5c1e0a7d4f6388c1b2e3d4a5968778695a4b3c2d1e0f9e8d7c6b5a493827"
_TIME = "2026-11-20T08:15:30.000Z"

FIELDS: Final[Mapping[str, Any]] = {
    **CHAT_FIELDS,
    "access_token": "eyJhbGciOiJIUzI1NiJ9…",
    "after_id": _RUN,
    "agent_id": _AGENT,
    "agent_name": "Garden",
    "api_key": "nd_live_Zk3vY0bJ…",
    "app_version": "0.1.0",
    "applied_at": None,
    "approved": 27,
    "before_id": _EARLIER_RUN,
    "average_ms": 1240.5,
    "bytes_to_read": 18_204,
    "calls": 2,
    "capabilities": ["manifest", "context"],
    "checks": {"database": "ok", "disk": "ok"},
    "code": "Y72R-3S5B",
    "completion_tokens": 310,
    "cost_usd": 0.0021,
    "created_at": _TIME,
    "current_password": "a sentence that only I know",
    "data": {"title": "Order tulip bulbs", "status": "todo", "priority": "medium"},
    "decision": "approved",
    "deleted": 2,
    "deleting": 2,
    "delivered": 2,
    "delivery_id": "01a1fab5-f0aa-7000-9d3e-2b6f0c8d1e57",
    "device_id": "laptop",
    "device_record_id": "task-481",
    "device_token": "noondd_Zk3vY0bJ…",
    "directory_paths": ["~/Notes/garden"],
    "edited": 3,
    "errors": 0,
    "expires_at": "2026-11-20T08:20:30.000Z",
    "expires_in": 900,
    "expires_in_days": 365,
    "extractor": "embedded/1",
    "failed": 0,
    "file": "swagger-ui.css",
    "finding_id": "01a1fab5-f0c1-7000-8d2b-6a3f1e0c9b47",
    "file_extensions": [".md", ".txt"],
    "files_changed": 1,
    "files_done": 3,
    "files_listed": 3,
    "files_new": 2,
    "files_unchanged": 12,
    "has_password": True,
    "id": _AGENT,
    "items_created": 2,
    "items_processed": 3,
    "kept": 1,
    "job_id": JOB,
    "key_id": _KEY,
    "last_run_at": _TIME,
    "last_seen_at": _TIME,
    "listed": 15,
    "max_age_hours": 24,
    "message": "The file is not valid UTF-8; save it as UTF-8.",
    "name": "Garden",
    "new_password": "another sentence that only I know",
    "next_fires": ["2026-11-21T06:00:00.000Z", "2026-11-22T06:00:00.000Z"],
    "online": True,
    "password": "a sentence that only I know",
    "path": "garden/bed-plan.txt",
    "pending": 0,
    "platform": "linux",
    "precision": 0.91,
    "prefix": "nd_live_Zk3vY0",
    "prompt_template": "Tasks for the garden, with their dates.",
    "prompt_tokens": 2140,
    "queue": "cleanup-tasks",
    "quiet_hours": "22:00-07:00",
    "quote": "TODO order tulip bulbs",
    "read": 3,
    "refresh_expires_at": "2026-12-20T08:15:30.000Z",
    "refresh_token": "nd_refresh_Zk3vY0bJ…",
    "rejected": 3,
    "run_id": _RUN,
    "schedule_cron": "0 7 * * *",
    "scopes": ["agents:read", "devices:read"],
    "session_id": SESSION,
    "sha256": _SHA256,
    "skipped": 0,
    "span": [112, 134],
    "started_at": _TIME,
    "status_url": f"/api/v1/runs/{_RUN}",
    "suggested": 40,
    "table": "tasks",
    "ticket": "nd_ticket_Zk3vY0bJ…",
    "timezone": "Europe/Berlin",
    "unchanged": 12,
    "unpriced_calls": 0,
    "until": "2026-11-20T09:00:00.000Z",
    "updated_at": _TIME,
    "user_id": _USER,
    "week": "2026-11-16",
    "ws_url": "ws://127.0.0.1:8737/ws/device",
}
"""By field; what is fixed, an enumeration, an object, yes or no, or may be null needs none."""

OF_MODELS: Final[Mapping[str, Any]] = {
    **CHAT_EXAMPLES,
    **AGENT_SERVICE,
    **JOBS,
    "AgentChanges": {"schedule_cron": "0 7 * * 1-5", "enabled": True},
    "Applied.deliveries": 2,
    "AuditEntry": {
        "seq": 1042,
        "at": _TIME,
        "actor_id": _USER,
        "actor_name": "ana",
        "actor_kind": "api_key",
        "credential_id": _KEY,
        "action": "UPDATE",
        "resource": "agent",
        "resource_id": _AGENT,
        "ip": "127.0.0.1",
        "user_agent": "curl/8.5.0",
        "request_id": _REQUEST,
        "method": "PATCH",
        "path": f"/api/v1/agents/{_AGENT}",
        "body": {"enabled": False},
        "status": 200,
        "error": None,
        "changes": {"enabled": {"before": True, "after": False}},
    },
    "Budget": {
        "setting": "llm.usd_per_day",
        "agent_id": None,
        "run_id": None,
        "limit_usd": 1.0,
        "used_usd": 0.0021,
        "reserved_usd": 0.0,
        "reset_at": "2026-11-20T23:00:00.000Z",
        "timezone": "Europe/Berlin",
    },
    "Coverage.dropped": {"date_invented": 1},
    "Credential.id": _KEY,
    "Credential.name": "command line",
    "Device.name": "Ana's laptop",
    "Diff.after": _RUN,
    "Diff.before": _EARLIER_RUN,
    "Finding": {
        "id": "01a1fab5-f0c1-7000-8d2b-6a3f1e0c9b47",
        "kind": "job_type_failing",
        "subject": "archive_audit_log",
        "daemon_wide": True,
        "state": "open",
        "title": "Jobs of the type archive_audit_log fail",
        "detail": f"3 have failed for good one after the other, the last one with the id {JOB}.",
        "count": 1,
        "opened_at": "2026-11-20T02:00:01.120Z",
        "updated_at": "2026-11-20T02:00:01.120Z",
        "closed_at": None,
    },
    "FindingsPage.paused_queues": [],
    "Key.expires_at": "2027-11-20T08:15:30.000Z",
    "Key.id": _KEY,
    "Key.name": "calendar",
    "KeySecret.expires_at": "2027-11-20T08:15:30.000Z",
    "KeySecret.id": _KEY,
    "KeySecret.name": "calendar",
    "Login.name": "ana",
    "NewAgent.default_project_id": "garden",
    "NewKey.name": "calendar",
    "NewUser.name": "ben",
    "OpenAPI": {"openapi": "3.1.0", "info": {"title": "noond", "version": "0.1.0"}, "paths": {}},
    "PairDevice.name": "Ana's laptop",
    "Proposal.id": "01a1fab5-f0a8-7000-8c55-6e1d9f0b2a34",
    "Request": {
        "id": "01a1fab5-f07e-7000-9c1b-4f6a2d8e0b93",
        "endpoint": "/api/v1/agents/{agent_id}/runs",
        "method": "POST",
        "request_body": {"mode": "full"},
        "request_headers": {"Accept": "application/json", "Authorization": "[redacted]"},
        "response_body": {"run_id": _RUN, "status": "queued"},
        "response_status": 202,
        "response_time_ms": 7,
        "agent_action": "create",
        "agent_tool": "run",
        "agent_success": True,
        "intent_category": None,
        "entities": None,
        "user_pattern": None,
        "agent_summary": "started a run of Garden",
        "ip_address": "127.0.0.1",
        "user_agent": "curl/8.5.0",
        "request_id": _REQUEST,
        "created_at": _TIME,
    },
    "Record.id": "01a1fab5-f0a8-7000-8c55-6e1d9f0b2a34",
    "Record.status": "delivered",
    "RecordPage.next": None,
    "Resent.deliveries": 2,
    "Run.completed_at": "2026-11-20T08:15:34.512Z",
    "Run.errors": [],
    "Run.id": _RUN,
    "Run.status": "success",
    "RunError.code": "invalid_utf8",
    "RunError.file": "garden/bed-plan.txt",
    "RunListed.completed_at": "2026-11-20T08:15:34.512Z",
    "RunListed.error_count": 0,
    "RunListed.id": _RUN,
    "RunListed.status": "success",
    "RunProgress.status": "success",
    "UsageOfGroup.key": "2026-11-20",
    "UsageOfGroup.name": None,
    "UsageReport.more": False,
    "UsageReport.since": "2026-10-21T22:00:00.000Z",
    "User.id": _USER,
    "User.name": "ana",
    "UserChanges": {"role": "admin"},
    "Verification": {
        "ok": True,
        "rows": 812,
        "archived_rows": 230,
        "first_seq": 1,
        "last_seq": 1042,
        "since": "2026-06-02T09:00:00.000Z",
        "problems": [],
    },
}
"""By component, or component and field: what counts before FIELDS."""


class Examples:
    """Gives an example for any schema of a document; raises LookupError naming a gap."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def of(self, schema: Mapping[str, Any], *, place: str = "") -> Any:
        """An example; `place` is where the schema stands, as `Component.field`."""
        if "$ref" in schema:
            name = component_name(schema)
            if name in OF_MODELS:
                return copy.deepcopy(OF_MODELS[name])
            return self.of(self._schemas.components[name], place=name)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self._of_union(schema[union], place)
        match schema.get("type"):
            case "object" if "properties" in schema:
                return {
                    field: self.field(each, f"{place}.{field}")
                    for field, each in schema["properties"].items()
                }
            case "array" if "items" in schema:
                return [self.of(schema["items"], place=place)]
            case "boolean":
                return True
        raise LookupError(f"{place} has no example")

    def field(self, schema: Mapping[str, Any], place: str) -> Any:
        """An example of a field."""
        if place in OF_MODELS:
            return copy.deepcopy(OF_MODELS[place])
        name = place.rpartition(".")[2]
        if name in FIELDS:
            return copy.deepcopy(FIELDS[name])
        return self.of(schema, place=place)

    def _of_union(self, options: list[Mapping[str, Any]], place: str) -> Any:
        if {"type": "null"} in options:
            return None
        return self.of(options[0], place=place)
