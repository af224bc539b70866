"""Where the daemon is reached, and by whom."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from noond.config.section import Section


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
