"""The sections of the settings, and all of them together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from noond.config.finding_section import FindingSettings
from noond.config.section import Section
from noond.models.rate import RateLimit


def default_data_dir() -> Path:
    """`$XDG_DATA_HOME/noond`, by default `~/.local/share/noond`."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "noond"


class ServerSettings(Section):
    """Where the daemon listens and keeps its files."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8737, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Directory of the database, the key file and `cli.json` (mode 0700).",
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Host names, beside the loopback ones and `host`, under which the daemon "
        "answers. Requests with another `Host` get 421.",
    )
    allowed_origins: tuple[str, ...] = Field(
        (),
        description="Origins of web pages, beside the daemon's own, that may open the WebSocket "
        "and send requests, for example `https://noond.example.org`.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="Addresses or networks of reverse proxies whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed. They must end TLS.",
    )
    tls_cert: Path | None = Field(None, description="Certificate chain, PEM.")
    tls_key: Path | None = Field(None, description="Private key of `tls_cert`, PEM.")
    stop_seconds: float = Field(
        10, gt=0, le=15, description="Seconds that running work gets to come to a halt at stop."
    )

    @field_validator("data_dir", "tls_cert", "tls_key")
    @classmethod
    def _home(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path is not None else None

    @model_validator(mode="after")
    def _tls_pair(self) -> ServerSettings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together: set both or neither")
        return self


class HubSettings(Section):
    """The WebSocket hub of the devices."""

    frame_bytes: int = Field(
        1_048_576, ge=65_536, le=67_108_864, description="Largest message, in bytes."
    )
    queue_bytes: int = Field(
        8_388_608,
        ge=65_536,
        description="Bytes that may wait for one device; a device that reads more slowly is cut.",
    )
    heartbeat_seconds: float = Field(
        30, gt=0, le=600, description="Time between pings; silence of 1.5 times this cuts."
    )
    hello_seconds: float = Field(10, gt=0, description="Time a device has to say hello.")
    credit_bytes: int = Field(
        1_048_576, ge=65_536, description="File bytes of one run that may wait to be extracted."
    )
    call_seconds: float = Field(30, gt=0, description="Time a device has to answer a call.")


class LLMSettings(Section):
    """Who extracts records from text."""

    provider: Literal["embedded", "openai"] = Field(
        "embedded",
        description="`embedded`: rules, no model, no network. `openai`: any server that speaks "
        "OpenAI's chat completions.",
    )
    base_url: str | None = Field(
        None, description="Address of the server, for example `http://127.0.0.1:11434/v1`."
    )
    api_key: SecretStr | None = Field(None, description="Key for the server, if it wants one.")
    model: str | None = Field(None, description="Name of the model.")
    timeout_seconds: float = Field(60, gt=0, description="Longest wait for one answer.")
    max_tokens: int = Field(2000, gt=0, description="Tokens of one answer at most.")
    retries: int = Field(
        2, ge=0, le=10, description="Further tries after 429, 5xx or a lost connection."
    )
    concurrency: int = Field(4, ge=1, le=64, description="Extractions at once.")
    chunk_characters: int = Field(
        8000, ge=500, description="Longer texts are split at paragraph borders, overlapping."
    )
    prices: dict[str, tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]] = Field(
        {},
        description="US dollars per million prompt and completion tokens, by model: "
        '`"gpt-4o-mini" = [0.15, 0.60]`. The cost of other models is unknown.',
    )
    usd_per_day: float | None = Field(
        None, gt=0, description="Hard stop for all of a user's calls in a day of their zone."
    )
    usd_per_agent: float | None = Field(
        None, gt=0, description="Hard stop for one agent's calls in a day of its user's zone."
    )
    usd_per_run: float | None = Field(None, gt=0, description="Hard stop for one run in a day.")
    usd_all_users: float | None = Field(
        None, gt=0, description="Hard stop for the calls of all users together in a day (UTC)."
    )

    @model_validator(mode="after")
    def _server_named(self) -> LLMSettings:
        if self.provider == "openai" and not self.model:
            raise ValueError(
                'provider "openai" needs model (and base_url for a server of your own)'
            )
        return self


class RunSettings(Section):
    """Runs of agents."""

    file_bytes: int = Field(
        16_777_216, ge=1, description="Largest file that is read; larger ones are reported."
    )
    silence_seconds: float = Field(
        120, gt=0, description="How long a device may be silent while its files are awaited."
    )
    concurrent: int = Field(4, ge=1, le=64, description="Runs at once, of different devices.")


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
    """Rates of the HTTP API."""

    reads_per_minute: int = Field(3000, ge=1, description="Requests that read, per API key.")
    writes_per_minute: int = Field(600, ge=1, description="Requests that change, per API key.")
    failures_per_minute: int = Field(
        10, ge=1, description="Wrong credentials evaluated, per kind and address."
    )
    body_bytes: int = Field(1_048_576, ge=1024, description="Largest request body.")


class AccountSettings(Section):
    """Users and how they sign in."""

    sign_in_days: int = Field(
        30, ge=1, le=365, description="How long a sign-in lasts without being used."
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


class Settings(Section):
    """All settings. Build with `load_settings`."""

    server: ServerSettings = ServerSettings()
    hub: HubSettings = HubSettings()
    llm: LLMSettings = LLMSettings()
    runs: RunSettings = RunSettings()
    jobs: JobSettings = JobSettings()
    limits: LimitSettings = LimitSettings()
    accounts: AccountSettings = AccountSettings()
    audit: AuditSettings = AuditSettings()
    findings: FindingSettings = FindingSettings()
    log: LogSettings = LogSettings()
