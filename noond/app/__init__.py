"""The daemon, put together. This is the package's face."""

from __future__ import annotations

from noond.app.daemon import Daemon, open_daemon
from noond.app.program import serve

__all__ = ["Daemon", "open_daemon", "serve"]
