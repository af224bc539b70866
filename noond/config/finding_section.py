"""When something is wrong, and who is told."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from noond.config.section import Section


class FindingSettings(Section):
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
