"""Examples of what the routes of chat agents take and give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_TASK_ID = "01a1fab5-f0c1-7000-9a52-6b7d0e1f3c48"
_BATCH = "01a1fab5-f0c4-7000-8d13-2a9c5b7e0f61"
_CONVERSATION = "01a1fab5-f0c7-7000-b4e8-7c1d3f5a9b20"
_SCHEDULE = "01a1fab5-f0cb-7000-a7f6-0e8b4d2c6a93"
_TIME = "2026-11-20T08:15:30.000Z"
_LATER = "2026-11-20T08:15:32.410Z"
_QUESTION = "How did the last runs go?"
_ANSWER = "The last run of Garden read 3 files and brought 2 records, without errors."

_METADATA: Final[Mapping[str, Any]] = {
    "agent_id": "assistant",
    "session_id": None,
    "model": "gpt-4o-mini",
    "tokens_used": 1042,
    "prompt_tokens": 980,
    "completion_tokens": 62,
    "cost": 0.000184,
    "calls": 2,
    "finish_reason": "stop",
    "partial": False,
    "success": True,
    "tools": ["list_runs"],
    "tainted": False,
    "request": {},
}
_TASK: Final[Mapping[str, Any]] = {
    "task_id": _TASK_ID,
    "agent_id": "assistant",
    "session_id": None,
    "message": _QUESTION,
    "state": "SUCCESS",
    "status": "completed",
    "progress": 100,
    "progress_message": None,
    "content": _ANSWER,
    "chunks": 0,
    "result": {"content": _ANSWER, "metadata": _METADATA},
    "result_expired": False,
    "error": None,
    "next_attempt_at": None,
    "attempt": 1,
    "batch_id": None,
    "calls": 2,
    "tokens_used": 1042,
    "cost": 0.000184,
    "created_at": _TIME,
    "started_at": _TIME,
    "completed_at": _LATER,
}
_BATCHED: Final[Mapping[str, Any]] = {**_TASK, "batch_id": _BATCH}

CHAT_FIELDS: Final[Mapping[str, Any]] = {
    "batch_id": _BATCH,
    "conversation_id": _CONVERSATION,
    "schedule_id": _SCHEDULE,
    "task_id": _TASK_ID,
}
"""By field."""

CHAT_EXAMPLES: Final[Mapping[str, Any]] = {
    "AddressedMessage": {"agent_id": "assistant", "message": _QUESTION},
    "AnswerMetadata": {"task_id": _TASK_ID, **_METADATA},
    "Answered": {"response": _ANSWER, "metadata": {"task_id": _TASK_ID, **_METADATA}},
    "AsyncMessage": {"message": _QUESTION},
    "BatchAccepted": {
        "batch_id": _BATCH,
        "status": "queued",
        "tasks": [_TASK_ID],
        "status_url": f"/api/v1/agents/batches/{_BATCH}",
    },
    "BatchResultFile": {"items": [_BATCHED]},
    "Chat": {
        "tool": "list_runs",
        "summary": _ANSWER,
        "result": {"runs": []},
        "success": True,
    },
    "ChatMessage": {"text": _QUESTION},
    "Conversation": {
        "id": _CONVERSATION,
        "agent_id": "assistant",
        "title": _QUESTION,
        "keep_hours": 24,
        "message_count": 2,
        "tokens_used": 1042,
        "cost_usd": 0.000184,
        "summary": None,
        "created_at": _TIME,
        "last_message_at": _LATER,
        "expires_at": "2026-11-21T08:15:32.410Z",
    },
    "ConversationChanges": {"title": "Garden", "keep_hours": 168},
    "Fire": {"fire_at": "2026-11-20T06:00:00.000Z", "task_id": _TASK_ID},
    "Message": {
        "id": "01a1fab5-f0c9-7000-8e27-9d4b1c3a5f70",
        "role": "assistant",
        "content": _ANSWER,
        "task_id": _TASK_ID,
        "tainted": False,
        "created_at": _LATER,
    },
    "NewBatch": {
        "invocations": [
            {"agent_id": "assistant", "message": _QUESTION},
            {"agent_id": "assistant", "message": "Which devices are online?"},
        ]
    },
    "NewChain": {
        "steps": [
            {"agent_id": "assistant", "message": _QUESTION},
            {"agent_id": "assistant", "message": "And in one line, please? {previous}"},
        ]
    },
    "NewConversation": {"title": "Garden"},
    "NewMessage": {"message": _QUESTION, "metadata": {"from": "phone"}},
    "NewSchedule": {
        "name": "Morning",
        "cron": "0 7 * * 1-5",
        "timezone": "Europe/Berlin",
        "message": _QUESTION,
        "missed": "latest",
    },
    "Schedule": {
        "id": _SCHEDULE,
        "name": "Morning",
        "cron": "0 7 * * 1-5",
        "timezone": "Europe/Berlin",
        "agent_id": "assistant",
        "message": _QUESTION,
        "session_id": None,
        "metadata": {},
        "missed": "latest",
        "most": 10,
        "enabled": True,
        "created_at": _TIME,
        "next_fires": ["2026-11-23T06:00:00.000Z"],
    },
    "ScheduleChanges": {"cron": "0 8 * * 1-5", "enabled": True},
    "Task": _TASK,
    "TaskAccepted": {
        "task_id": _TASK_ID,
        "status": "queued",
        "message": "The task was queued.",
        "status_url": f"/api/v1/agents/tasks/{_TASK_ID}",
    },
    "TaskBatch": {
        "batch_id": _BATCH,
        "total": 1,
        "pending": 0,
        "completed": 1,
        "failed": 0,
        "cancelled": 0,
        "cost": 0.000184,
        "created_at": _TIME,
        "completed_at": _LATER,
        "tasks": [_BATCHED],
    },
    "TaskCancel": {
        "task_id": _TASK_ID,
        "state": "REVOKED",
        "status": "cancelled",
        "outcome": "requested",
    },
    "TaskEvent": {"event": "message_delta", "data": {"delta": "The last run "}},
    "TaskResultFile": {
        **_TASK,
        "steps": [
            {
                "seq": 1,
                "event": "run_started",
                "data": {"task_id": _TASK_ID, "attempt": 1, "content": ""},
            }
        ],
    },
}
"""By component."""
