"""iCalendar files."""

from __future__ import annotations

from typing import Any

import pytest


def calendar(*lines: str, kind: str = "VTODO") -> str:
    whole = ("BEGIN:VCALENDAR", f"BEGIN:{kind}", *lines, f"END:{kind}", "END:VCALENDAR", "")
    return "\r\n".join(whole)


def test_a_todo(read: Any) -> None:
    (task,) = read(
        calendar(
            "SUMMARY:Send the contr",
            " act\\, signed",
            "DUE;TZID=America/New_York:20261201T140000",
            "PRIORITY:1",
            "STATUS:IN-PROCESS",
            'ATTENDEE;CN="Lopez, Ana":mailto:ana@example.org',
            "DESCRIPTION:One\\nTwo",
            "BEGIN:VALARM",
            "DESCRIPTION:no",
            "END:VALARM",
        ),
        "a.ics",
    )
    assert (task.title, task.when) == ("Send the contract, signed", "2026-12-01 20:00")
    assert task.data["status"] == "in_progress"
    assert task.data["priority"] == "high"
    assert task.data["assignee"] == '["Lopez, Ana"]'
    assert task.data["description"] == "One\nTwo"
    assert task.quote == "SUMMARY:Send the contract\\, signed"


@pytest.mark.parametrize(
    ("line", "when"),
    [
        ("DUE;VALUE=DATE:20261201", "2026-12-01"),
        ("DUE:20261201T140000Z", "2026-12-01 15:00"),
        ("DUE:20261201T140000", "2026-12-01 14:00"),
        ("DTSTART:20261201T140000Z\r\nDURATION:PT1H", "2026-12-01 16:00"),
        ("DUE:nonsense", None),
    ],
)
def test_when_it_is_due(read: Any, line: str, when: str | None) -> None:
    (task,) = read(calendar("SUMMARY:Send it", line), "a.ics")
    assert task.when == when


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("STATUS:COMPLETED", "done"),
        ("PERCENT-COMPLETE:100", "done"),
        ("STATUS:NEEDS-ACTION", "todo"),
    ],
)
def test_the_status(read: Any, line: str, status: str) -> None:
    (task,) = read(calendar("SUMMARY:Send it", line), "a.ics")
    assert task.data["status"] == status


def test_an_event_is_a_timeline(read: Any) -> None:
    text = calendar("SUMMARY:Launch", "DTSTART;VALUE=DATE:20270301", kind="VEVENT")
    (event,) = read(text, "a.ics")
    assert (event.table, event.title, event.when) == ("timelines", "Launch", "2027-03-01")


def test_a_series_is_one_record_with_its_first_day(read: Any) -> None:
    text = calendar(
        "SUMMARY:Standup",
        "DTSTART;TZID=Europe/Berlin:20260105T091500",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,TH",
        kind="VEVENT",
    )
    (event,) = read(text, "a.ics")
    assert event.when == "2026-01-05 09:15"


@pytest.mark.parametrize("kind", ["VTODO", "VEVENT"])
def test_cancelled_ones_are_left_out(read: Any, kind: str) -> None:
    text = calendar("SUMMARY:Send it", "DTSTART:20261201T140000Z", "STATUS:CANCELLED", kind=kind)
    assert read(text, "a.ics") == []


def test_a_broken_component_costs_only_itself(read: Any) -> None:
    text = calendar("SUMMARY", "DUE;=:x").replace("END:VCALENDAR", "") + calendar("SUMMARY:Send it")
    assert [task.title for task in read(text, "a.ics")] == ["Send it"]
