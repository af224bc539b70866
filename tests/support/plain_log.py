"""The log of what runs within the test, as the daemon writes it: tracebacks without all variables.

Left as it is by default, the log takes a second for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def plain_tracebacks() -> Iterator[None]:
    """Log plainly while the block runs."""
    before = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before[:-1], renderer])
    try:
        yield
    finally:
        structlog.configure(processors=before)
