"""The feed: every event after a number is told once and in order, or is said to be lost."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from movable_clock import MovableClock

from noond.api.event_feed import KEPT_SECONDS, EventFeed, FellBehind, Reader
from noond.api.event_frames import Topic
from noond.events import EventBus

if TYPE_CHECKING:
    from tests.unit.api.conftest import ManualClock

FIRST = 5_000


def numbers(reader: Reader, limit_bytes: int = 10**6) -> list[int]:
    return [json.loads(message)["seq"] for message in reader.take(limit_bytes)]


def a_device(bus: EventBus, name: str = "device.online", user: str = "ana") -> None:
    bus.publish(user, name, "laptop", {"device_id": "laptop", "internal": "left out"})


def a_delivery(bus: EventBus, delivery_id: str = "d", user: str = "ana") -> None:
    data = {
        "run_id": "r",
        "delivery_id": delivery_id,
        "device_id": "laptop",
        "status": "delivered",
        "error": None,
        "device_record_id": None,
    }
    bus.publish(user, "delivery.settled", delivery_id, data)


def a_feed(**options: Any) -> tuple[EventBus, EventFeed]:
    clock = options.pop("clock", None) or MovableClock()
    bus = EventBus(clock=clock)
    return bus, EventFeed(bus, clock=clock, first=FIRST, **options)


def test_an_event_is_told_with_what_the_api_shows() -> None:
    bus, feed = a_feed()
    with feed.open("ana") as reader:
        reader.topics = frozenset(Topic)
        a_device(bus)
        (message,) = reader.take(1000)
    assert json.loads(message) == {
        "type": "event",
        "seq": reader.position,
        "topic": "devices",
        "name": "device.online",
        "subject": "laptop",
        "data": {"device_id": "laptop"},
        "at": "2026-11-20T09:00:00.000Z",
    }


def test_nobody_hears_of_anothers_events_and_they_leave_no_trace_in_the_numbers() -> None:
    bus, feed = a_feed()
    with feed.open("ana") as ana, feed.open("ben") as ben:
        ana.topics = ben.topics = frozenset(Topic)
        a_device(bus, user="ben")
        a_device(bus, user="ana")
        a_device(bus, user="ana")
        assert len(numbers(ben)) == 1
        first, second = numbers(ana)
        assert second == first + 1


def test_an_unwanted_topic_is_passed_over() -> None:
    bus, feed = a_feed()
    woken = []
    with feed.open("ana") as reader:
        reader.wake = lambda: woken.append(reader.position)
        reader.topics = frozenset({Topic.DELIVERIES})
        a_device(bus)
        assert woken == []
        a_delivery(bus)
        a_device(bus)
        assert len(woken) == 1
        assert len(numbers(reader)) == 1
        assert reader.take(1000) == []


def test_without_an_app_nothing_is_listened_to(clock: ManualClock) -> None:
    bus, feed = a_feed(clock=clock)
    assert not bus.has_listener("ana", "device.online", "laptop")
    with feed.open("ana") as reader:
        assert bus.has_listener("ana", "device.online", "laptop")
        assert not bus.has_listener("ana", "something.internal", "laptop")
        left_at = reader.position
    clock.seconds += KEPT_SECONDS
    a_device(bus)
    with feed.open("ana") as reader:
        reader.topics = frozenset(Topic)
        assert reader.go_to(left_at) is None, "it came back in time"
        assert len(numbers(reader)) == 1
        left_at = reader.position
    clock.seconds += KEPT_SECONDS + 1
    assert not bus.has_listener("ana", "device.online", "laptop")
    a_device(bus)
    with feed.open("ana") as reader:
        assert reader.go_to(left_at) == "too_old"


@pytest.mark.parametrize(
    ("after", "reason"),
    [(0, "restarted"), (FIRST - 1, "restarted"), (FIRST, "too_old"), (10**15, "unknown")],
)
def test_a_number_that_was_never_given_is_a_gap(after: int, reason: str) -> None:
    bus, feed = a_feed()
    with feed.open("ana") as reader:
        a_device(bus)
        present = reader.position
        assert reader.go_to(after) == reason
        assert reader.position == present


def test_the_memory_for_all_users_is_shared() -> None:
    bus, feed = a_feed(user_bytes=4000, all_bytes=8000)
    with contextlib.ExitStack() as stack:
        readers = []
        for number in range(8):
            readers.append(stack.enter_context(feed.open(f"u{number}")))
            for _ in range(20):
                a_device(bus, user=f"u{number}")
        lengths = [present(reader) for reader in readers]
    assert 0 < sum(lengths) * 350 <= 8000
    assert min(lengths) > 0


def present(reader: Reader) -> int:
    """How many events are kept for the reader's user."""
    reader.topics = frozenset(Topic)
    newest = reader.position
    kept = 0
    while reader.go_to(newest - kept - 1) is None:
        kept += 1
    return kept


def test_a_reader_that_is_too_slow_is_told_so_alone() -> None:
    bus, feed = a_feed(user_bytes=2000)
    with feed.open("ana") as slow, feed.open("ana") as quick:
        slow.topics = quick.topics = frozenset(Topic)
        told = []
        for _ in range(50):
            a_device(bus)
            told += numbers(quick)
        assert len(told) == 50
        assert slow.fell_behind
        with pytest.raises(FellBehind):
            slow.take(1000)


def test_an_event_larger_than_the_memory_is_told_all_the_same() -> None:
    bus, feed = a_feed(user_bytes=100)
    with feed.open("ana") as reader:
        reader.topics = frozenset(Topic)
        a_device(bus)
        assert len(numbers(reader)) == 1


STEP = st.one_of(
    st.tuples(st.just("happen"), st.integers(1, 12)),
    st.tuples(st.just("read"), st.integers(1, 2000)),
    st.tuples(st.just("reconnect"), st.integers(0, 6)),
    st.tuples(st.just("stay away"), st.integers(1, 2000)),
)


class App:
    """An app that believes what it is told; `told` is what it knows to have happened."""

    def __init__(self, bus: EventBus, feed: EventFeed, clock: MovableClock) -> None:
        self.bus, self.feed, self.clock = bus, feed, clock
        self.happened: list[str] = []
        self.told: list[str] = []
        self.stack = contextlib.ExitStack()
        self.reader = self.stack.enter_context(feed.open("ana"))
        self.reader.topics = frozenset(Topic)
        self.last = self.reader.position

    def happen(self, count: int) -> None:
        for _ in range(count):
            self.happened.append(f"e{len(self.happened)}")
            self.bus.publish("ana", "device.online", self.happened[-1], {"device_id": "x"})

    def read(self, limit_bytes: int) -> None:
        try:
            messages = self.reader.take(limit_bytes)
        except FellBehind:
            self.reconnect(0)
            return
        for event in map(json.loads, messages):
            assert event["seq"] == self.last + 1
            self.last = event["seq"]
            self.told.append(event["subject"])

    def reconnect(self, back: int) -> None:
        """Come back with the number it heard last, or with one some events before."""
        self.stack.close()
        self.reader = self.stack.enter_context(self.feed.open("ana"))
        self.reader.topics = frozenset(Topic)
        back = min(back, len(self.told))
        if self.reader.go_to(self.last - back) is None:
            del self.told[len(self.told) - back :]
            self.last -= back
        else:
            # A gap: the app reads the state, in which is all that has happened until now.
            self.last = self.reader.position
            self.told = self.happened.copy()

    def stay_away(self, seconds: int) -> None:
        self.stack.close()
        self.clock.move(timedelta(seconds=seconds))
        self.happen(1)
        self.reconnect(0)


@given(st.lists(STEP, max_size=40), st.integers(300, 4000))
def test_every_event_is_told_once_in_order_or_covered_by_a_gap(
    steps: list[tuple[str, int]], user_bytes: int
) -> None:
    clock = MovableClock()
    bus, feed = a_feed(clock=clock, user_bytes=user_bytes)
    app = App(bus, feed, clock)
    with app.stack:
        for step, amount in steps:
            getattr(app, step.replace(" ", "_"))(amount)
        app.reconnect(0)
        app.read(10**9)
        assert app.told == app.happened
