"""One finding for each thing that is wrong; nobody is told of it too often."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from noond.errors import NotFound
from noond.models.finding import FindingFilter, FindingKind, Observation
from noond.store import findings as rows
from noond.store import users
from noond.store.rows import Transaction

if TYPE_CHECKING:
    from tests.unit.findings.conftest import Desk

KIND = FindingKind.QUEUE_GROWING
COOLDOWN = timedelta(minutes=60)


def seen(
    detail: str = "3 jobs wait", *, user: str | None = "cem", subject: str = "letters"
) -> Observation:
    return Observation(
        user_id=user, kind=KIND, subject=subject, title="Jobs pile up", detail=detail
    )


async def test_what_is_wrong_is_one_finding_until_it_is_over(desk: Desk) -> None:
    await desk.findings.saw(seen("3 jobs wait"))
    desk.clock.move(timedelta(minutes=1))
    await desk.findings.saw(seen("3 jobs wait"))
    await desk.findings.saw(seen("4 jobs wait"))
    (found,) = await desk.all("cem")
    assert (found.count, found.detail, found.closed_at) == (2, "4 jobs wait", None)
    assert found.updated_at - found.opened_at == timedelta(minutes=1)

    await desk.findings.over("cem", KIND, "letters", why="The queue is paused")
    await desk.findings.over("cem", KIND, "letters")

    (closed,) = await desk.all("cem")
    assert (closed.id, closed.closed_at) == (found.id, desk.clock.now())
    assert closed.detail == "The queue is paused"
    assert desk.heard["cem"].take() == [("opened", True), ("updated", False), ("closed", True)]
    assert desk.delivered == [("opened", 1), ("closed", 2)]
    assert desk.heard["ana"].take() == []


async def test_it_is_announced_again_only_after_the_cool_down(desk: Desk) -> None:
    await desk.findings.saw(seen("1"))
    desk.clock.move(COOLDOWN - timedelta(seconds=1))
    await desk.findings.saw(seen("2"))
    desk.clock.move(timedelta(seconds=1))
    await desk.findings.saw(seen("3"))
    await desk.findings.saw(seen("4"))
    assert [announced for _, announced in desk.heard["cem"].take()] == [True, False, True, False]
    assert desk.delivered == [("opened", 1), ("updated", 2)]


async def test_what_comes_back_soon_is_the_same_finding_and_not_announced(desk: Desk) -> None:
    await desk.findings.saw(seen("1"))
    await desk.findings.over("cem", KIND, "letters")
    desk.heard["cem"].take()
    for _ in range(3):
        await desk.findings.saw(seen("2"))
        await desk.findings.over("cem", KIND, "letters")
    assert len(await desk.all("cem")) == 1
    assert desk.heard["cem"].take() == [("opened", False), ("closed", False)] * 3
    assert desk.delivered == [("opened", 1), ("closed", 2)]

    # It stays this time: sooner or later that is said.
    await desk.findings.saw(seen("2"))
    await desk.findings.tick()
    assert desk.heard["cem"].take() == [("opened", False)]
    desk.clock.move(COOLDOWN)
    await desk.findings.tick()
    await desk.findings.tick()
    assert desk.heard["cem"].take() == [("updated", True)]
    await desk.findings.over("cem", KIND, "letters")
    assert desk.delivered[2:] == [("updated", 3), ("closed", 4)]


async def test_what_comes_back_later_is_another_finding(desk: Desk) -> None:
    await desk.findings.saw(seen())
    await desk.findings.over("cem", KIND, "letters")
    desk.clock.move(COOLDOWN)
    await desk.findings.saw(seen())
    new, old = await desk.all("cem")
    assert (new.count, new.closed_at) == (1, None)
    assert new.id != old.id
    assert desk.delivered == [("opened", 1), ("closed", 2), ("opened", 1)]


async def test_a_restart_changes_nothing(desk: Desk) -> None:
    await desk.findings.saw(seen("1"))
    await desk.restart()
    await desk.findings.saw(seen("2"))
    await desk.findings.over("cem", KIND, "letters")
    await desk.restart()
    await desk.findings.saw(seen("3"))
    (found,) = await desk.all("cem")
    assert (found.count, found.closed_at) == (3, None)
    assert desk.delivered == [("opened", 1), ("closed", 2)]


async def test_what_expires_is_over_by_itself(desk: Desk) -> None:
    renews = desk.clock.now() + timedelta(hours=2)
    await desk.findings.saw(
        Observation(user_id="cem", kind=KIND, subject="s", title="t", detail="d", expires_at=renews)
    )
    desk.clock.move(timedelta(minutes=119))
    await desk.findings.tick()
    assert (await desk.all("cem"))[0].closed_at is None
    desk.clock.move(timedelta(minutes=1))
    await desk.findings.tick()
    assert (await desk.all("cem"))[0].closed_at == renews


async def test_settling_closes_what_is_not_wrong_any_more(desk: Desk) -> None:
    def wrong(*subjects: str) -> list[Observation]:
        return [seen(subject=subject) for subject in subjects]

    await desk.findings.settle(KIND, wrong("agent:1", "agent:2"), subjects="agent:")
    await desk.findings.settle(KIND, wrong("schedule:1"), subjects="schedule:")
    await desk.findings.settle(KIND, wrong("agent:2", "agent:3"), subjects="agent:")
    still = {each.subject for each in await desk.all("cem", state="open")}
    assert still == {"agent:2", "agent:3", "schedule:1"}
    assert [each.subject for each in await desk.all("cem", state="closed")] == ["agent:1"]


async def test_the_daemons_own_are_for_administrators_and_call_owners(desk: Desk) -> None:
    await desk.findings.saw(seen(user=None))
    assert desk.heard["ana"].take() == [("opened", True)]
    assert desk.heard["ben"].take() == [("opened", False)]
    assert desk.heard["cem"].take() == []
    (found,) = await desk.all("ben")
    assert await desk.all("cem", daemon_wide=False) == []
    with pytest.raises(NotFound):
        await desk.findings.get("cem", found.id, daemon_wide=False)
    assert await desk.findings.get("ben", found.id, daemon_wide=True) == found


async def test_a_user_takes_their_findings_with_them(desk: Desk) -> None:
    await desk.findings.saw(seen())

    def remove(tx: Transaction) -> None:
        users.mark_removed(tx, "cem", at=desk.clock.now())
        users.delete_removed(tx, "cem")

    await desk.database.write(remove)
    await desk.findings.settle(KIND, [])
    assert desk.findings.list_open(KIND) == []
    assert await desk.database.read(rows.list_open_all_users) == []


async def test_lists_are_narrowed_and_paged(desk: Desk) -> None:
    for number in range(3):
        await desk.findings.saw(seen(subject=f"q{number}"))
    await desk.findings.over("cem", KIND, "q1")
    third, second, first = await desk.all("cem")
    assert [each.subject for each in (third, second, first)] == ["q2", "q1", "q0"]
    assert await desk.all("cem", state="open") == [third, first]
    assert await desk.all("cem", state="closed") == [second]
    assert await desk.all("cem", kind=FindingKind.BUDGET_NEARLY_USED) == []
    wanted = FindingFilter(state="all")
    assert await desk.findings.list("cem", wanted, limit=9, before_id=second.id) == [first]
