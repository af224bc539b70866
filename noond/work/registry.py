"""The job types, named one by one."""

from __future__ import annotations

from pathlib import Path

from noond.accounts.activities import Activities
from noond.accounts.agent_sessions import AgentSessions
from noond.accounts.audit import AuditLog
from noond.accounts.request_log import RequestLog
from noond.assistant.answering import Answering
from noond.assistant.conversations import Conversations
from noond.clock import Clock
from noond.config import Settings
from noond.findings.findings import Deliver
from noond.findings.webhook import Webhook, WebhookQueue
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
from noond.work.deliver_webhook import DeliverWebhookJob, delivery_policy
from noond.work.finding_purge import FindingPurgeJob
from noond.work.job_purge import JobPurgeJob
from noond.work.request_log_purge import RequestLogPurgeJob
from noond.work.session_cleanup import SessionCleanupJob
from noond.work.sign_in_purge import SignInPurgeJob
from noond.work.spent_key_purge import SpentKeyPurgeJob
from noond.work.temp_file_purge import TempFilePurgeJob


def work_types(
    executor: RunExecutor, answering: Answering, settings: Settings, tracing: Tracing = OFF
) -> tuple[JobType, ...]:
    """The types that users' doings queue."""
    return (
        AgentRunJob(executor, settings.jobs, concurrent=settings.runs.concurrent, tracing=tracing),
        AgentInvocationJob(answering, settings.jobs, settings.assistant),
        AgentStreamingJob(answering, settings.jobs, settings.assistant),
    )


def daemon_types(settings: Settings, *, database: Database, clock: Clock) -> tuple[JobType, ...]:
    """The types that the daemon's doings queue, and whose failures are its administrators'."""
    told, webhook = settings.findings, None
    if told.webhook_url is not None and told.webhook_secret is not None:
        webhook = Webhook(
            told.webhook_url,
            told.webhook_secret.get_secret_value(),
            clock,
            allow_private=told.webhook_allow_private,
        )
    return (DeliverWebhookJob(webhook, database, clock, delivery_policy(settings.jobs)),)


def webhook_queue(settings: Settings, clock: Clock) -> Deliver | None:
    """How findings are told to the webhook; None without one."""
    if settings.findings.webhook_url is None:
        return None
    return WebhookQueue(delivery_policy(settings.jobs), clock).deliver


def cleanup_types(
    settings: Settings,
    *,
    database: Database,
    clock: Clock,
    audit: AuditLog,
    request_log: RequestLog,
    sessions: AgentSessions,
    activities: Activities,
    conversations: Conversations,
    temporary: Path,
) -> tuple[Cleanup, ...]:
    """The types that the clock queues."""
    return (
        AuditArchiveJob(audit, clock, settings.jobs),
        SignInPurgeJob(database, clock, settings.jobs),
        RequestLogPurgeJob(request_log, clock, settings.jobs),
        SpentKeyPurgeJob(database, clock, settings.jobs),
        CallTextPurgeJob(database, clock, settings),
        FindingPurgeJob(database, clock, settings),
        TempFilePurgeJob(temporary, clock, settings.jobs),
        JobPurgeJob(database, clock, settings.jobs),
        SessionCleanupJob(
            {
                "agent_sessions": sessions.end_idle,
                "conversations": conversations.delete_expired,
            },
            clock,
            settings.jobs,
            idle_since=sessions.idle_since,
        ),
        ActivityPurgeJob(activities, database, clock, settings.jobs),
    )
