"""What the daemon asks the device to show to its person."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message for the person; the texts are untrusted (print them through `log.inert`)."""

    title: str
    body: str
    url: str | None = None
