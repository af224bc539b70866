"""Telling systemd that the daemon is ready, alive or stopping: sd_notify(3), one datagram each."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable


def notify(state: str) -> bool:
    """Send `READY=1`, `STOPPING=1` or `WATCHDOG=1`; False when no one listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):  # Linux's abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto(state.encode(), address)
        except OSError:
            return False
    return True


async def keep_alive(healthy: Callable[[], Awaitable[bool]]) -> None:
    """Feed systemd's watchdog, twice as often as it asks, while `healthy` says so."""
    microseconds = os.environ.get("WATCHDOG_USEC")
    if not microseconds or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return
    while True:
        if await healthy():
            notify("WATCHDOG=1")
        await asyncio.sleep(int(microseconds) / 2_000_000)
