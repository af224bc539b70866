"""Sessions with agents, what is said in them, what is told of them, and quotas."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from noond.accounts.activities import ACTIVITY_LOGGED, Activities
from noond.accounts.agent_sessions import AgentSessions
from noond.accounts.interactions import Interactions
from noond.accounts.quotas import Quotas
from noond.config import LimitSettings
from noond.errors import Conflict, NotFound, QuotaReached
from noond.events import EventBus
from noond.models.activity import ActivityKind
from noond.models.agent_session import AgentType
from noond.store import users
from noond.store.database import Database
from noond.store.rows import Transaction

if TYPE_CHECKING:
    from tests.unit.accounts.conftest import ManualClock


@pytest.fixture
def bus(clock: ManualClock) -> EventBus:
    return EventBus(clock=clock)


@pytest.fixture
def activities(database: Database, bus: EventBus, clock: ManualClock) -> Activities:
    return Activities(database, bus, clock=clock, keep_days=90)


@pytest.fixture
def sessions(database: Database, activities: Activities, clock: ManualClock) -> AgentSessions:
    return AgentSessions(database, activities, clock=clock, idle_hours=24)


@pytest.fixture
def interactions(database: Database, activities: Activities, clock: ManualClock) -> Interactions:
    return Interactions(database, activities, clock=clock)


async def touch(
    database: Database, sessions: AgentSessions, user: str = "ana", **changes: Any
) -> str:
    kind = changes.get("agent_type", AgentType.CALENDAR)
    return (await database.write(lambda tx: sessions.touch(tx, user, kind))).id


async def logged(activities: Activities, user: str = "ana") -> list[ActivityKind]:
    return [activity.kind for activity in await activities.list(user, limit=100)]


async def test_use_opens_a_session_once_and_keeps_it_active(
    database: Database, sessions: AgentSessions, activities: Activities, clock: ManualClock
) -> None:
    first = await touch(database, sessions)
    clock.advance(timedelta(hours=23))
    assert await touch(database, sessions) == first
    assert await touch(database, sessions, "ben") != first
    assert await touch(database, sessions, agent_type=AgentType.GITHUB) != first
    clock.advance(timedelta(hours=23))

    assert (await sessions.get("ana", first)).last_activity == clock.now() - timedelta(hours=23)
    assert await sessions.end_idle() == 0
    assert await logged(activities) == [ActivityKind.SESSION_CREATED] * 2


async def test_sessions_that_are_not_used_end(
    database: Database, sessions: AgentSessions, activities: Activities, bus: EventBus,
    clock: ManualClock,
) -> None:  # fmt: skip
    for user in ("ana", "ben"):
        await touch(database, sessions, user)
    clock.advance(timedelta(hours=24, seconds=1))
    used = await touch(database, sessions, agent_type=AgentType.GITHUB)

    with bus.subscribe("ben", topics=frozenset({ACTIVITY_LOGGED})) as events:
        assert await sessions.end_idle() == 2
        event = await events.next()
    assert event.data["activity_type"] == "SessionEnded"
    assert (await logged(activities, "ben"))[0] is ActivityKind.SESSION_ENDED
    [active] = await sessions.list("ana", is_active=True, limit=10)
    assert active.id == used
    counts = await sessions.count("ana")
    assert (counts.active, counts.total, counts.connected) == (1, 2, (AgentType.GITHUB,))
    assert counts.last_activity == clock.now()


async def test_a_session_that_has_ended_is_not_used_again(
    database: Database, sessions: AgentSessions, activities: Activities
) -> None:
    first = await touch(database, sessions)
    ended = await sessions.end("ana", first)
    assert not ended.is_active
    assert await sessions.end("ana", first) == ended
    assert (await logged(activities)).count(ActivityKind.SESSION_ENDED) == 1
    with pytest.raises(Conflict):
        await sessions.change("ana", first, {"project": "p"})
    assert await touch(database, sessions) != first


async def test_nobody_touches_anothers_session(
    database: Database, sessions: AgentSessions, interactions: Interactions
) -> None:
    mine = await touch(database, sessions)

    def say(tx: Transaction) -> None:
        interactions.insert(tx, "ben", mine, message="hi", response="ho", success=True)

    with pytest.raises(NotFound):
        await database.write(say)
    with pytest.raises(NotFound):
        await sessions.end("ben", mine)
    with pytest.raises(NotFound):
        await sessions.change("ben", mine, {"project": "p"})
    assert (await sessions.get("ana", mine)).is_active


async def test_an_interaction_is_logged_with_its_outcome(
    database: Database, sessions: AgentSessions, interactions: Interactions, activities: Activities
) -> None:
    session = await touch(database, sessions)

    def say(tx: Transaction) -> None:
        interactions.insert(tx, "ana", session, message="When?", response="At nine.", success=True)
        bad, failure = interactions.insert(
            tx, "ana", session, message="Why?", response=None, success=False, error="no\nmodel"
        )
        assert failure.metadata == {"interaction_id": bad.id}
        assert failure.description == r"the agent calendar has failed: no\x0amodel"

    await database.write(say)

    found = await interactions.list("ana", session_id=session, limit=10)
    assert [(each.message, each.success) for each in found] == [("Why?", False), ("When?", True)]
    assert await interactions.list("ana", agent_type=AgentType.GITHUB, limit=10) == []
    assert await interactions.list("ben", session_id=session, limit=10) == []
    assert (await logged(activities))[:2] == [
        ActivityKind.ERROR_OCCURRED,
        ActivityKind.INTERACTION_COMPLETED,
    ]


async def test_what_was_rolled_back_was_not_logged(
    database: Database, sessions: AgentSessions, activities: Activities
) -> None:
    def break_off(tx: Transaction) -> None:
        sessions.touch(tx, "ana", AgentType.CALENDAR)
        raise NotFound()

    with pytest.raises(NotFound):
        await database.write(break_off)
    assert await logged(activities) == []
    assert (await sessions.count("ana")).total == 0


async def test_a_quota_ends_with_the_users_day(database: Database, clock: ManualClock) -> None:
    def move_to_auckland(tx: Transaction) -> None:
        tx.execute("UPDATE users SET timezone = 'Pacific/Auckland' WHERE id = 'ana'")

    await database.write(move_to_auckland)
    quotas = Quotas(database, LimitSettings(invocations_per_day=2), clock=clock)

    async def take(user: str) -> None:
        await database.write(lambda tx: quotas.take(tx, user, "invocations", clock.now()))

    await take("ana")
    await take("ana")
    with pytest.raises(QuotaReached) as refused:
        await take("ana")
    # It is 21:00 in Auckland and 08:00 in UTC.
    assert refused.value.retry_after_seconds == 3 * 3600
    await take("ben")
    ana = await database.read(lambda c: users.get(c, "ana"))
    [standing] = await quotas.list(ana)
    assert (standing.used, standing.limit) == (2, 2)
    assert standing.reset_time == clock.now() + timedelta(hours=3)

    clock.advance(timedelta(hours=3))
    await take("ana")
    assert (await quotas.list(ana))[0].used == 1


async def test_without_a_limit_use_is_counted_alone(database: Database, clock: ManualClock) -> None:
    quotas = Quotas(database, LimitSettings(), clock=clock)
    for _ in range(3):
        await database.write(lambda tx: quotas.take(tx, "ana", "invocations", clock.now()))
    [standing] = await quotas.list(await database.read(lambda c: users.get(c, "ana")))
    assert (standing.used, standing.limit) == (3, None)
