"""Events: the latest wins, gaps are marked, nobody waits."""

from __future__ import annotations

import asyncio

from movable_clock import MovableClock

from noond.events import EventBus


def a_bus() -> EventBus:
    return EventBus(clock=MovableClock())


async def test_a_listener_hears_its_users_events_only() -> None:
    bus = a_bus()
    with bus.subscribe("ana") as events:
        bus.publish("ben", "run.progress", "r1", {"n": 1})
        bus.publish("ana", "run.progress", "r2", {"n": 2})
        event = await events.next()
    assert (event.subject, event.data, event.gap) == ("r2", {"n": 2}, False)


async def test_a_listener_to_one_subject_hears_of_no_other() -> None:
    bus = a_bus()
    with bus.subscribe("ana", subject="r2") as events:
        bus.publish("ana", "run.progress", "r1", {})
        bus.publish("ana", "run.progress", "r2", {})
        assert (await events.next()).subject == "r2"
        assert bus.has_listener("ana", "run.progress", "r2")
        assert not bus.has_listener("ana", "run.progress", "r1")
    assert not bus.has_listener("ana", "run.progress", "r2")


async def test_a_listener_to_some_topics_hears_of_no_other() -> None:
    bus = a_bus()
    with bus.subscribe("ana", topics=frozenset({"run.progress"})) as events:
        bus.publish("ana", "delivery.settled", "d1", {})
        bus.publish("ana", "run.progress", "r1", {})
        assert (await events.next()).subject == "r1"
        assert not bus.has_listener("ana", "delivery.settled", "d1")


async def test_the_latest_of_two_wins_and_says_that_one_is_missing() -> None:
    bus = a_bus()
    with bus.subscribe("ana") as events:
        bus.publish("ana", "run.progress", "r1", {"n": 1})
        bus.publish("ana", "run.progress", "r1", {"n": 2})
        latest = await events.next()
        bus.publish("ana", "run.progress", "r1", {"n": 3})
        after = await events.next()
    assert (latest.data, latest.gap) == ({"n": 2}, True)
    assert (after.data, after.gap) == ({"n": 3}, False)


async def test_a_slow_listener_loses_the_oldest_and_is_told() -> None:
    bus = a_bus()
    with bus.subscribe("ana", limit=2) as events:
        for number in range(3):
            bus.publish("ana", "run.progress", f"r{number}", {})
        first, second = await events.next(), await events.next()
    assert [(event.subject, event.gap) for event in (first, second)] == [
        ("r1", True),
        ("r2", False),
    ]


async def test_a_listener_waits_for_the_next_event() -> None:
    bus = a_bus()
    with bus.subscribe("ana") as events:
        waiting = asyncio.ensure_future(events.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        bus.publish("ana", "run.progress", "r1", {})
        assert (await waiting).subject == "r1"
