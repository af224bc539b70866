"""kill -9 at every named point and at random: nothing lost, nothing twice, the run goes on."""

from __future__ import annotations

import os
import random

import pytest
from crash_site import RECORDS, CrashSite
from crashing_daemon import POINTS

LLM_CONCURRENCY = 4
RANDOM_KILLS = int(os.environ.get("SOAK_KILLS", "10"))
PASSAGES = 130
"""A run of twelve files passes more points than this."""

NAMED = {**POINTS, "call, sent": 10}
"""The daemon's points, and the one that only the device can see."""


async def survives(site: CrashSite, order: str) -> None:
    """A run that is killed as ordered ends as if nothing had been."""
    expected = site.write_files()
    inserted, answered = len(site.notebook.inserted), len(site.notebook.answers)
    extracted = site.extractions()

    run = await site.killed_run(order)

    assert run["status"] == "success", run
    assert (run["items_created"], run["errors"]) == (RECORDS, [])
    new = site.notebook.inserted[inserted:]
    assert len(new) == len(site.notebook.answers) - answered == RECORDS, "once by id"
    found = {key: times for key, times in site.notebook.titles().items() if key in expected}
    assert found == expected, "once by content"
    assert {call["source"]["run_id"] for call in new} == {run["id"]}
    repeated = (site.extractions() - extracted).total() - len({path for path, _ in expected})
    assert 0 <= repeated <= LLM_CONCURRENCY
    assert site.stored("SELECT id FROM deliveries WHERE status <> 'delivered'") == []
    assert site.stored("SELECT id FROM runs WHERE status = 'running'") == []
    assert site.stored("SELECT id FROM jobs WHERE status IN ('pending', 'running')") in (
        [],
        # Its end is stored right after the run's, which is all that the test has waited for.
        site.stored("SELECT id FROM jobs ORDER BY id DESC LIMIT 1"),
    )


@pytest.mark.parametrize("point", NAMED)
async def test_a_kill_at_a_named_point(site: CrashSite, point: str) -> None:
    await survives(site, f"kill {point} {NAMED[point]}")


@pytest.mark.parametrize("seed", range(RANDOM_KILLS))
async def test_a_kill_at_random(site: CrashSite, seed: int) -> None:
    chance = random.Random(seed + 20_261_120)
    await survives(site, f"kill any {chance.randint(1, PASSAGES)} {chance.randint(0, 3000)}")


@pytest.mark.parametrize("point", ["call, sent", "call, answered", "delivered, before commit"])
async def test_a_device_that_keeps_no_ids_shows_what_would_go_wrong(
    forgetful: CrashSite, point: str
) -> None:
    """The negative control: without the device's part, the same kill inserts records twice."""
    expected = forgetful.write_files()
    await forgetful.killed_run(f"kill {point} {NAMED[point]}")
    found = {key: n for key, n in forgetful.notebook.titles().items() if key in expected}
    assert set(found) == set(expected), "nothing is lost all the same"
    assert max(found.values()) > 1
    with pytest.raises(AssertionError, match=r"once by|success"):
        await survives(forgetful, f"kill {point} {NAMED[point]}")
