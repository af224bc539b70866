from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond, ScriptedDaemon


@pytest.mark.parametrize(
    ("typed", "sent", "said"),
    [
        ("3", 3, "Of mail at most 3 jobs run at once."),
        ("none", None, "mail has no limit of its own."),
    ],
)
def test_a_queue_is_limited(
    noond: Noond, daemon: ScriptedDaemon, typed: str, sent: int | None, said: str
) -> None:
    reply = {"queue": "mail", "paused_at": None, "concurrency": sent}
    daemon.on("PATCH", "/job-queues/mail", (200, reply))
    assert noond("jobs", "queue", "mail", "--concurrency", typed).out.strip() == said
    (request,) = daemon.sent("PATCH", "/job-queues/mail")
    assert request.body == {"concurrency": sent}


@pytest.mark.parametrize("typed", ["0", "many", "-1"])
def test_a_limit_that_is_none_is_refused(noond: Noond, daemon: ScriptedDaemon, typed: str) -> None:
    assert noond("jobs", "queue", "mail", "--concurrency", typed).code == 2
    assert daemon.requests == []
