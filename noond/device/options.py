"""What the headless device is started with."""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from yarl import URL

from noond import __version__
from noond.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOptions:
    """How to run the device.

    `url` is the daemon's (`http://host:port` or `https://…`). `store` is the device's database,
    made when missing. `allow` are the folders it may read, `~` expanded. Without `device_id` the
    one in the store stays, at first one made from the host name. `name` is shown to people.
    """

    url: str
    token: str = field(repr=False)
    store: Path
    allow: tuple[str, ...]
    name: str | None = None
    device_id: str | None = None
    platform: str = sys.platform
    app_version: str = __version__
    heartbeat_seconds: float = 30.0


def device_id_from_host() -> str:
    """This host's name with only the characters that a device id may have."""
    host = socket.gethostname().split(".", 1)[0]
    return re.sub(r"[^A-Za-z0-9._:-]+", "-", host).strip("-")[:200] or "device"


def daemon_url(text: str) -> URL:
    """The daemon's address; raises Invalid unless it is a plain http or https URL."""
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or url.user or url.query_string:
        raise Invalid.field("url", "write http://host:port or https://host:port")
    return url


def is_sent_in_clear(url: URL) -> bool:
    """Whether a token sent to this address could be read on the network."""
    if url.scheme == "https" or url.host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(url.host or "").is_loopback
    except ValueError:
        return True
