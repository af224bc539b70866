"""The sections of the settings, and all of them together."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from noond.config.agent_sections import AssistantSettings, LLMSettings, RunSettings
from noond.config.finding_section import FindingSettings
from noond.config.section import Section
from noond.config.server_sections import HubSettings, ServerSettings
from noond.models.rate import RateLimit


class JobSettings(Section):
    """The job engine."""

    concurrent: int = Field(16, ge=1, le=1024, description="Jobs at once, of all types.")
    queues: tuple[str, ...] = Field(
        ("agent-tasks", "default", "cleanup-tasks"),
        description="Queues by rank: what waits in the first one starts first. Others rank with "
        "`default`.",
    )
    rates: dict[str, str] = Field(
        {"*": "1000/min", "agent-tasks": "100/min"},
        description="Starts at most, by queue; `*` means all of them together.",
    )
    max_retries: int = Field(3, ge=0, le=100, description="Further tries after an error.")
    backoff_seconds: float = Field(
        60, ge=0, description="Pause before the first retry; it doubles each time."
    )
    backoff_cap_seconds: float = Field(600, ge=0, description="Longest pause before a retry.")
    soft_seconds: float = Field(
        540, gt=0, description="Time after which a job is told to come to an end."
    )
    hard_seconds: float = Field(600, gt=0, description="Time after which a job is cancelled.")
    cancel_seconds: float = Field(
        3, gt=0, le=60, description="Time a cancelled job has to end; then it counts as stuck."
    )
    max_stuck: int = Field(
        4, ge=0, description="Stuck jobs that give their place to others; more keep theirs."
    )
    max_crashes: int = Field(
        20,
        ge=1,
        description="A job during which the daemon died that often in a row is not tried again. "
        "Runs of agents always are.",
    )

    result_seconds: float = Field(3600, gt=0, description="How long a job's result is kept.")
    keep_completed_days: float = Field(
        7, gt=0, description="How long completed and cancelled jobs are kept."
    )
    keep_failed_days: float = Field(30, gt=0, description="How long failed jobs are kept.")
    keep_jobs: int = Field(
        100_000, ge=0, description="Ended jobs that are kept at most, of each type and end."
    )

    @field_validator("rates")
    @classmethod
    def _rates_read(cls, rates: dict[str, str]) -> dict[str, str]:
        for queue, text in rates.items():
            try:
                RateLimit.parse(text)
            except ValueError as error:
                raise ValueError(f"{queue}: {error}") from None
        return rates


class LimitSettings(Section):
    """Rates of the HTTP API, and quotas."""

    reads_per_minute: int = Field(3000, ge=1, description="Requests that read, per API key.")
    writes_per_minute: int = Field(600, ge=1, description="Requests that change, per API key.")
    invokes_per_minute: int = Field(100, ge=1, description="Messages to agents, per API key.")
    streams_per_minute: int = Field(
        50, ge=1, description="Messages whose answer is streamed, per API key."
    )
    failures_per_minute: int = Field(
        10, ge=1, description="Wrong credentials evaluated, per kind and address."
    )
    body_bytes: int = Field(1_048_576, ge=1024, description="Largest request body.")
    invocations_per_day: int | None = Field(
        None, ge=0, description="Messages to agents, per user and day of their zone."
    )


class AccountSettings(Section):
    """Users: how they sign in, and what is kept of their doings with agents."""

    sign_in_days: int = Field(
        30, ge=1, le=365, description="How long a sign-in lasts without being used."
    )
    session_hours: int = Field(
        24, ge=1, description="Sessions with agents end when they were not used for so long."
    )
    activity_days: int = Field(
        90, ge=1, description="How long activities and interactions with agents are kept."
    )


class AuditSettings(Section):
    """The audit log: who did what."""

    keep_days: int = Field(
        90, ge=1, description="Older rows are moved from the database to files of the archive."
    )


class LogSettings(Section):
    """The log, on stderr, and the log of requests, in the database."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is written."
    )
    style: Literal["json", "console"] = Field(
        "console", description="One JSON object a line, or text."
    )
    requests: Literal["agents", "all", "off"] = Field(
        "agents",
        description="Which requests are kept in the database: those that concern agents, all "
        "with a credential, or none.",
    )
    request_days: int = Field(30, ge=1, description="How long they are kept.")
    sentry_dsn: SecretStr | None = Field(
        None,
        description="Sentry server that is told of unexpected errors: their type and place in the "
        "code, nothing else. Needs `pip install noond[sentry]`.",
    )


class TraceSettings(Section):
    """Traces, sent to an OpenTelemetry collector; they need the extra `traces`."""

    endpoint: str | None = Field(
        None,
        pattern="^https?://",
        description="Address of a collector that takes OTLP over HTTP, for example "
        "`http://127.0.0.1:4318`. Without it nothing is traced.",
    )
    service_name: str = Field("noond", min_length=1, description="Name of this daemon there.")
    sample_ratio: float = Field(1.0, ge=0, le=1, description="Part of the traces that is sent.")


class Settings(Section):
    """All settings. Build with `load_settings`."""

    server: ServerSettings = ServerSettings()
    hub: HubSettings = HubSettings()
    llm: LLMSettings = LLMSettings()
    runs: RunSettings = RunSettings()
    assistant: AssistantSettings = AssistantSettings()
    jobs: JobSettings = JobSettings()
    limits: LimitSettings = LimitSettings()
    accounts: AccountSettings = AccountSettings()
    audit: AuditSettings = AuditSettings()
    findings: FindingSettings = FindingSettings()
    log: LogSettings = LogSettings()
    traces: TraceSettings = TraceSettings()
