"""The settings: flag > `NOOND__SECTION__KEY` > noond.toml > default; unknown keys are errors.

Some names of Celery's settings are understood in the environment, below `NOOND__…`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from noond.errors import ConfigError
from noond.models.rate import RateLimit

ENV_PREFIX = "NOOND__"

CELERY_VARIABLES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "CELERY_TASK_TIME_LIMIT": ("jobs", "hard_seconds"),
        "CELERY_TASK_SOFT_TIME_LIMIT": ("jobs", "soft_seconds"),
        "CELERY_TASK_MAX_RETRIES": ("jobs", "max_retries"),
        "CELERY_TASK_DEFAULT_RETRY_DELAY": ("jobs", "backoff_seconds"),
    }
)
"""Those that have a meaning here, and the setting that they are. The others are not looked at."""


def default_data_dir() -> Path:
    """`$XDG_DATA_HOME/noond`, by default `~/.local/share/noond`."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "noond"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class ServerSettings(_Section):
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


class HubSettings(_Section):
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


class LLMSettings(_Section):
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
    timeout_seconds: float = Field(
        60,
        gt=0,
        description="Longest wait for one answer; for a streamed one the longest silence between "
        "two pieces, and ten times that for the whole.",
    )
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
    keep_texts: bool = Field(
        False,
        description="Keep what models were asked and answered beside the figures of each call, "
        "without known kinds of secrets and shortened.",
    )
    text_days: int = Field(30, ge=1, description="How long these texts are kept.")

    @model_validator(mode="after")
    def _server_named(self) -> LLMSettings:
        if self.provider == "openai" and not self.model:
            raise ValueError(
                'provider "openai" needs model (and base_url for a server of your own)'
            )
        return self


class RunSettings(_Section):
    """Runs of agents."""

    file_bytes: int = Field(
        16_777_216, ge=1, description="Largest file that is read; larger ones are reported."
    )
    silence_seconds: float = Field(
        120, gt=0, description="How long a device may be silent while its files are awaited."
    )
    concurrent: int = Field(4, ge=1, le=64, description="Runs at once, of different devices.")


class JobSettings(_Section):
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


class AssistantSettings(_Section):
    """Chat agents and their conversations."""

    steps: int = Field(
        8, ge=1, le=50, description="How often the model is asked for one message, with tools."
    )
    context_messages: int = Field(
        100, ge=2, le=1000, description="Messages of a conversation that the model is told."
    )
    conversation_hours: int = Field(
        24,
        ge=1,
        le=87_600,
        description="How long a conversation is kept after its last message, unless it says so.",
    )
    rate: str = Field("100/min", description="Messages that are begun to be answered, at most.")
    stream_rate: str = Field("50/min", description="Of those, such whose answer is streamed.")
    stream_soft_seconds: float = Field(
        840, gt=0, description="Time after which a streamed answer ends with what there is."
    )
    stream_hard_seconds: float = Field(
        900, gt=0, description="Time after which a streamed answer is cancelled."
    )
    reconnect_seconds: float = Field(
        5,
        ge=0,
        description="Time a reader of a stream has to come back before its answer is cancelled.",
    )

    @field_validator("rate", "stream_rate")
    @classmethod
    def _rate_read(cls, text: str) -> str:
        RateLimit.parse(text)
        return text


class LimitSettings(_Section):
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


class AccountSettings(_Section):
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


class AuditSettings(_Section):
    """The audit log: who did what."""

    keep_days: int = Field(
        90, ge=1, description="Older rows are moved from the database to files of the archive."
    )


class FindingSettings(_Section):
    """What is wrong and needs a person: when it is one, and who is told."""

    cooldown_minutes: float = Field(
        60,
        ge=0,
        description="Devices and the webhook are told of one finding at most once in this time. "
        "One that comes back within it is opened again, and not announced anew.",
    )
    failures_in_row: int = Field(
        3, ge=1, le=100, description="Jobs of a type that failed for good, one after the other."
    )
    failure_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Or: more than this part of a type's jobs failed for good within an hour, "
        "of ten or more.",
    )
    queue_minutes: float = Field(
        15, gt=0, description="Something due has waited so long in a queue that is not paused."
    )
    queue_growth_minutes: float = Field(
        30, ge=2, description="Or: the queue only ever grew for so long, by 100 jobs or more."
    )
    keep_days: int = Field(90, ge=1, description="How long findings are kept that were closed.")
    webhook_url: str | None = Field(
        None,
        description="Where each finding is sent when it is opened, updated or closed; see "
        "docs/findings.md. `https`, or this machine itself.",
    )
    webhook_secret: SecretStr | None = Field(
        None, min_length=16, description="What the deliveries are signed with."
    )
    webhook_allow_private: bool = Field(
        False, description="Whether `webhook_url` may lead into a private network."
    )

    @field_validator("webhook_url")
    @classmethod
    def _webhook_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValueError("must be an https URL without a user name")
        if parts.scheme == "http" and not names_this_machine(parts.hostname):
            raise ValueError("must begin with https unless it names this machine, as 127.0.0.1")
        return url

    @model_validator(mode="after")
    def _webhook_signed(self) -> FindingSettings:
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError("webhook_url needs webhook_secret, which signs what is sent")
        return self


def names_this_machine(host: str) -> bool:
    """Whether a URL's host is written as a loopback address, or as `localhost`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class LogSettings(_Section):
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


class TraceSettings(_Section):
    """Traces, sent to an OpenTelemetry collector; they need the extra `traces`."""

    endpoint: str | None = Field(
        None,
        pattern="^https?://",
        description="Address of a collector that takes OTLP over HTTP, for example "
        "`http://127.0.0.1:4318`. Without it nothing is traced.",
    )
    service_name: str = Field("noond", min_length=1, description="Name of this daemon there.")
    sample_ratio: float = Field(1.0, ge=0, le=1, description="Part of the traces that is sent.")


class Settings(_Section):
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


def load_settings(
    file: Path | None = None,
    *,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings from a TOML file, the environment and flags, the last winning.

    `flags` is by section and key; a value of None was not given. Raises ConfigError naming each
    wrong key and where it was set.
    """
    merged: dict[str, dict[str, Any]] = {}
    origin: dict[tuple[str, str], str] = {}
    for where, section, key, value in [
        *_from_file(file),
        *_from_celery(environ),
        *_from_environment(environ),
        *_from_flags(flags or {}),
    ]:
        merged.setdefault(section, {})[key] = value
        origin[section, key] = where
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(error, origin))) from None


def _from_file(file: Path | None) -> list[tuple[str, str, str, Any]]:
    if file is None:
        return []
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from None
    found = []
    for section, keys in content.items():
        if not isinstance(keys, dict):
            raise ConfigError(f"{file}: `{section}` stands outside a [section]")
        found += [(str(file), section, key, value) for key, value in keys.items()]
    return found


def taken_from_celery(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Celery's variables that count, because nothing of noond's own says otherwise in the
    environment: the setting that each has set.
    """
    said = {(section, key) for _, section, key, _ in _from_environment(environ)}
    return {
        name: f"{section}.{key}"
        for name, section, key, _ in _from_celery(environ)
        if (section, key) not in said
    }


def _from_celery(environ: Mapping[str, str]) -> list[tuple[str, str, str, Any]]:
    return [
        (name, *setting, environ[name])
        for name, setting in CELERY_VARIABLES.items()
        if environ.get(name)
    ]


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str, str, Any]]:
    found = []
    for name, text in environ.items():
        if not name.upper().startswith(ENV_PREFIX):
            continue
        section, _, key = name[len(ENV_PREFIX) :].lower().partition("__")
        if not key:
            raise ConfigError(f"{name}: write {ENV_PREFIX}SECTION__KEY")
        found.append((name, section, key, _decode(section, key, text)))
    return found


def _decode(section: str, key: str, text: str) -> Any:
    """Lists and tables are written in the environment as TOML values."""
    field = Settings.model_fields.get(section)
    model = field.annotation if field is not None else None
    if isinstance(model, type) and issubclass(model, _Section) and key in model.model_fields:
        shape = str(model.model_fields[key].annotation)
        if shape.startswith(("tuple", "dict")):
            try:
                return tomllib.loads(f"value = {text}")["value"]
            except tomllib.TOMLDecodeError:
                return text
    return text


def _from_flags(flags: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, str, Any]]:
    return [
        (f"--{key.replace('_', '-')}", section, key, value)
        for section, keys in flags.items()
        for key, value in keys.items()
        if value is not None
    ]


def _explain(error: ValidationError, origin: Mapping[tuple[str, str], str]) -> list[str]:
    lines = []
    # The input is left out on purpose: it may be a secret.
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        place = [str(part) for part in item["loc"]]
        where = origin.get((place[0], place[1])) if len(place) > 1 else None
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = "no such setting; see noond.toml for all of them"
        lines.append(f"{'.'.join(place)}: {message}" + (f" (set by {where})" if where else ""))
    return lines
