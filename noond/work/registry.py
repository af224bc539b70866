"""The job types, named one by one."""

from __future__ import annotations

from noond.accounts.activities import Activities
from noond.accounts.agent_sessions import AgentSessions
from noond.accounts.audit import AuditLog
from noond.accounts.request_log import RequestLog
from noond.assistant.answering import Answering
from noond.clock import Clock
from noond.config import Settings
from noond.jobs.policy import JobType
from noond.runners.execution import RunExecutor
from noond.store.database import Database
from noond.tracing import OFF, Tracing
from noond.work.activity_purge import ActivityPurgeJob
from noond.work.agent_invocation import AgentInvocationJob, AgentStreamingJob
from noond.work.agent_run import AgentRunJob
from noond.work.audit_archive import AuditArchiveJob
from noond.work.call_text_purge import CallTextPurgeJob
from noond.work.cleanup import Cleanup
from noond.work.job_purge import JobPurgeJob
from noond.work.request_log_purge import RequestLogPurgeJob
from noond.work.session_cleanup import SessionCleanupJob
from noond.work.sign_in_purge import SignInPurgeJob
from noond.work.spent_key_purge import SpentKeyPurgeJob


def work_types(
    executor: RunExecutor, answering: Answering, settings: Settings, tracing: Tracing = OFF
) -> tuple[JobType, ...]:
    """The types that users' doings queue."""
    return (
        AgentRunJob(executor, settings.jobs, concurrent=settings.runs.concurrent, tracing=tracing),
        AgentInvocationJob(answering, settings.jobs, settings.assistant),
        AgentStreamingJob(answering, settings.jobs, settings.assistant),
    )


def cleanup_types(
    settings: Settings,
    *,
    database: Database,
    clock: Clock,
    audit: AuditLog,
    request_log: RequestLog,
    sessions: AgentSessions,
    activities: Activities,
) -> tuple[Cleanup, ...]:
    """The types that the clock queues."""
    return (
        AuditArchiveJob(audit, clock, settings.jobs),
        SignInPurgeJob(database, clock, settings.jobs),
        RequestLogPurgeJob(request_log, clock, settings.jobs),
        SpentKeyPurgeJob(database, clock, settings.jobs),
        CallTextPurgeJob(database, clock, settings),
        JobPurgeJob(database, clock, settings.jobs),
        SessionCleanupJob(
            {"agent_sessions": sessions.end_idle},
            clock,
            settings.jobs,
            idle_since=sessions.idle_since,
        ),
        ActivityPurgeJob(activities, database, clock, settings.jobs),
    )
