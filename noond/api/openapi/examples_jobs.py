"""Examples of the routes of the tag Background Jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

JOB: Final = "01a1fab5-f083-7000-b6d4-2f9e8c7a1b05"

_TIME: Final = "2026-11-20T08:15:30.000Z"

_JOB_LISTED: Final[Mapping[str, Any]] = {
    "id": JOB,
    "job_type": "archive_audit_log",
    "queue": "cleanup-tasks",
    "priority": 6,
    "status": "completed",
    "attempt": 1,
    "retry_count": 0,
    "max_retries": 3,
    "created_at": "2026-11-20T02:00:00.001Z",
    "scheduled_at": "2026-11-20T02:00:00.001Z",
    "started_at": "2026-11-20T02:00:00.002Z",
    "completed_at": "2026-11-20T02:00:00.094Z",
    "cancel_requested": False,
    "reason": None,
    "error_message": None,
    "parent_id": None,
    "batch_id": None,
    "progress": None,
}

JOBS: Final[Mapping[str, Any]] = {
    "Backlog": {
        "ready": {"agent-tasks": 2},
        "held": 0,
        "later": 5,
        "oldest_ready_at": _TIME,
        "quarantined": 0,
    },
    "EndedCount": {"job_type": "purge_jobs", "outcome": "completed", "count": 3},
    "Histogram": {
        "bounds": [0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 30, 60, 300, 600],
        "buckets": [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        "count": 3,
        "total_seconds": 0.0031,
    },
    "Job": {
        **_JOB_LISTED,
        "payload": {},
        "crashes": 0,
        "deadline_at": None,
        "next_at": None,
        "checkpoint_at": None,
        "attempts": [],
        "result": {
            "status": "success",
            "cutoff": "2026-08-22T02:00:00.000Z",
            "counts": {"archived": 230},
            "started_at": "2026-11-20T02:00:00.004Z",
            "completed_at": "2026-11-20T02:00:00.093Z",
        },
        "result_expired": False,
        "children": [],
        "batch": None,
    },
    "JobCancelled": {"job_id": JOB, "status": "cancelled", "outcome": "requested"},
    "JobCount": {
        "job_type": "purge_jobs",
        "queue": None,
        "status": "completed",
        "count": 168,
    },
    "JobListed": _JOB_LISTED,
    "JobRetried": {"job_id": JOB, "status": "pending"},
    "JobStarted": {"job_id": JOB, "inserted": True, "status_url": f"/api/v1/jobs/{JOB}"},
    "JobStats.last_ended": {"purge_jobs": "2026-11-20T07:45:00.012Z"},
    "JobType": {
        "name": "archive_audit_log",
        "purpose": "Moves entries older than `audit.keep_days` to the archive's files.",
        "queue": "cleanup-tasks",
        "priority": 6,
        "max_retries": 3,
        "backoff_seconds": 60,
        "backoff_cap_seconds": 600,
        "soft_seconds": 540,
        "hard_seconds": 600,
        "deadline_seconds": None,
        "concurrent": 1,
        "rate": None,
        "by_hand": True,
        "cron": "0 2 * * *",
        "next_at": "2026-11-21T02:00:00.000Z",
    },
    "Queue": {"queue": "cleanup-tasks", "paused_at": _TIME, "concurrency": None},
    "QueueChanges": {"concurrency": 2},
    "StartJob.type": "archive_audit_log",
    "Telemetry.free": 15,
    "Telemetry.operations": 41,
    "Telemetry.running": 1,
    "Telemetry.stuck": 0,
    "Telemetry.transactions": 28,
}
"""By component, or component and field."""
