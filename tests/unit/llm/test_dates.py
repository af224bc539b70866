"""The date grammar: which days a text names, and what is no date."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noond.llm.dates import FoundDate, due_ms, find_dates

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
WEDNESDAY = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


def days(text: str, zone: ZoneInfo = BERLIN) -> list[str]:
    return [str(found.day) for found in find_dates(text, reference=WEDNESDAY, zone=zone)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("due 2026-03-12", "2026-03-12"),
        ("2026/03/12", "2026-03-12"),
        ("12.03.2026", "2026-03-12"),
        ("12. 3. 2026", "2026-03-12"),
        ("12.03.26", "2026-03-12"),
        ("12/Mar/26", "2026-03-12"),
        ("12-Mar-2026", "2026-03-12"),
        ("minutes-2026-03-12.md", "2026-03-12"),
        ("March 12, 2026", "2026-03-12"),
        ("12th of March 2026", "2026-03-12"),
        ("12. März 2026", "2026-03-12"),
        ("1er mars 2026", "2026-03-01"),
        ("12 de marzo de 2026", "2026-03-12"),
        ("Friday, 13 March 2026", "2026-03-13"),
        ("DUE;VALUE=DATE:20260312", "2026-03-12"),
        ("📅 2026-03-12", "2026-03-12"),
    ],
)
def test_reads_a_date_with_its_year(text: str, day: str) -> None:
    assert days(text) == [day]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("March 3rd", "2027-03-03"),
        ("3. März", "2027-03-03"),
        ("le 3 mars", "2027-03-03"),
        ("3 de marzo", "2027-03-03"),
        ("Fr, 13.3.", "2027-03-13"),
        ("bis zum 2.12.", "2026-12-02"),
        ("by 12/24", "2026-12-24"),
        ("October 30", "2026-10-30"),
    ],
)
def test_a_date_without_a_year_is_the_next_or_a_recent_one(text: str, day: str) -> None:
    assert days(text) == [day]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("by Friday", "2026-11-20"),
        ("bis Freitag", "2026-11-20"),
        ("d'ici vendredi", "2026-11-20"),
        ("para el viernes", "2026-11-20"),
        ("by Wednesday", "2026-11-25"),
        ("next Tuesday", "2026-11-24"),
        ("nächsten Dienstag", "2026-11-24"),
        ("vendredi prochain", "2026-11-27"),
        ("el lunes que viene", "2026-11-23"),
        ("Freitag nächster Woche", "2026-11-27"),
        ("last Friday", "2026-11-13"),
        ("tomorrow", "2026-11-19"),
        ("bis morgen", "2026-11-19"),
        ("demain", "2026-11-19"),
        ("mañana", "2026-11-19"),
        ("übermorgen", "2026-11-20"),
        ("après-demain", "2026-11-20"),
        ("pasado mañana", "2026-11-20"),
        ("in two weeks", "2026-12-02"),
        ("in zwei Wochen", "2026-12-02"),
        ("dans deux semaines", "2026-12-02"),
        ("dentro de dos semanas", "2026-12-02"),
        ("in 3 business days", "2026-11-23"),
        ("3 days ago", "2026-11-15"),
        ("vor drei Tagen", "2026-11-15"),
        ("end of month", "2026-11-30"),
        ("bis Ende des Monats", "2026-11-30"),
        ("fin du mois", "2026-11-30"),
        ("a fin de mes", "2026-11-30"),
        ("Ende März", "2027-03-31"),
        ("EOD Friday", "2026-11-20"),
        ("mid-December", "2026-12-15"),
    ],
)
def test_relative_dates_count_from_the_reference(text: str, day: str) -> None:
    assert days(text) == [day]


def test_the_reference_is_seen_in_the_zone() -> None:
    late = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
    berlin = find_dates("tomorrow", reference=late, zone=BERLIN)
    york = find_dates("tomorrow", reference=late, zone=NEW_YORK)
    assert [berlin[0].day, york[0].day] == [date(2026, 11, 20), date(2026, 11, 19)]


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("3/14/2026", BERLIN, "2026-03-14"),
        ("14/3/2026", NEW_YORK, "2026-03-14"),
        ("3/4/2026", BERLIN, "2026-04-03"),
        ("3/4/2026", NEW_YORK, "2026-03-04"),
        ("3/4/2026 für die Rechnung und das Angebot", NEW_YORK, "2026-04-03"),
    ],
)
def test_the_order_of_day_and_month(text: str, zone: ZoneInfo, day: str) -> None:
    assert days(text, zone) == [day]


def test_one_clear_date_settles_the_order_of_the_others() -> None:
    assert days("3/4/2026 and 3/14/2026") == ["2026-03-04", "2026-03-14"]
    assert days("3/4/2026 and 14/3/2026", NEW_YORK) == ["2026-04-03", "2026-03-14"]


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("Friday at 14:00", time(14)),
        ("Freitag um 14 Uhr", time(14)),
        ("Freitag, 14:30 Uhr", time(14, 30)),
        ("vendredi à 14h30", time(14, 30)),
        ("el viernes a las 3 de la tarde", time(15)),
        ("Friday 2:30 pm", time(14, 30)),
        ("at 2 pm on Friday", time(14)),
        ("12 March 2026 14:00", time(14)),
        ("<2026-03-12 Thu 14:00>", time(14)),
        ("2026-03-12T14:00:00Z", time(15)),
        ("2026-03-12T14:00+02:00", time(13)),
        ("DUE;TZID=America/New_York:20260312T140000", time(19)),
        ("Friday", None),
    ],
)
def test_a_time_beside_the_date(text: str, clock: time | None) -> None:
    (found,) = find_dates(text, reference=WEDNESDAY, zone=BERLIN)
    assert found.time == clock


@pytest.mark.parametrize(
    "text",
    [
        "version 3.11.10",
        "v1.2.2026x",
        "see section 2.1. below",
        "1/2 done",
        "all 3 may come",
        "you may 2 times",
        "every Friday",
        "jeden Freitag",
        "freitags",
        "guten Morgen",
        "por la mañana",
        "Mon ami",
        "The Sun",
        "hier ist der Text",
        "2026-13-45",
        "31.02.2026",
        "192.168.10.12",
        "call +49 30 123456",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert days(text) == []


def test_a_range_names_its_two_ends() -> None:
    assert days("12\u201314 March 2026") == ["2026-03-12", "2026-03-14"]


def test_the_span_is_the_expression() -> None:
    text = "Send it by Friday at 14:00, please."
    (found,) = find_dates(text, reference=WEDNESDAY, zone=BERLIN)
    assert text[found.start : found.end] == "Friday at 14:00"


def test_a_mail_counts_from_its_own_date() -> None:
    mail = "Subject: x\nFrom: a\nDate: Mon, 2 Nov 2026 10:00:00 +0100\n\nSend it tomorrow.\n"
    assert days(mail)[-1] == "2026-11-03"


def test_a_chat_message_counts_from_its_own_stamp() -> None:
    chat = "[02.11.26, 10:00] Ana: tomorrow\n[05.11.26, 10:00] Ben: tomorrow\n"
    assert days(chat) == ["2026-11-02", "2026-11-03", "2026-11-05", "2026-11-06"]


def test_a_day_without_a_time_is_due_at_local_midnight() -> None:
    found = FoundDate(0, 0, date(2026, 3, 29), None)
    assert due_ms(found, BERLIN) == int(datetime(2026, 3, 28, 23, tzinfo=UTC).timestamp()) * 1000


def test_a_time_in_summer_is_two_hours_before_utc_in_berlin() -> None:
    found = FoundDate(0, 0, date(2026, 7, 1), time(14, 30))
    assert due_ms(found, BERLIN) == int(datetime(2026, 7, 1, 12, 30, tzinfo=UTC).timestamp()) * 1000


PIECES = st.sampled_from(
    [
        "12",
        "3",
        "2026",
        "-",
        ".",
        "/",
        ":",
        ",",
        "Friday",
        "bis",
        "Ende",
        "next",
        "Woche",
        "in",
        "two",
        "days",
        "vor",
        "March",
        "märz",
        "de",
        "del",
        "31",
        "99",
        "T14:00Z",
        "à",
        "14h",
        "EOD",
        "semaine",
        "prochaine",
        "que",
        "viene",
        "'hui",
        "d'ici",
        "ago",
        "from",
        "now",
        "mid-",
        "\n",
        "️📅",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES).map(" ".join), st.lists(PIECES).map("".join)))
def test_any_text_gives_ordered_spans_inside_it(text: str) -> None:
    end = 0
    for found in find_dates(text, reference=WEDNESDAY, zone=BERLIN):
        assert end <= found.start < found.end <= len(text)
        assert isinstance(due_ms(found, BERLIN), int)
        end = found.end


@given(st.dates(date(1970, 1, 2), date(2199, 12, 31)))
def test_every_written_day_is_read_back(day: date) -> None:
    assert days(f"due {day:%Y-%m-%d}") == [str(day)]
    assert days(f"am {day.day}.{day.month}.{day.year}") == [str(day)]
    assert days(f"{day.day} {day:%B} {day.year}") == [str(day)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("ring the bank - 14/4", "2027-04-14"),
        ("ring the bank (14/4)", "2027-04-14"),
        ("ring the bank (14/4, Ana)", "2027-04-14"),
        ("Bank anrufen — 3.5.", "2027-05-03"),
        ("ring the bank, 05/06", "2027-06-05"),
        ("ring the bank (Fri)", "2026-11-20"),
        ("appeler la banque, ven.", "2026-11-20"),
        ("die Bank anrufen und fragen (Do)", "2026-11-19"),
        ("no later than 14/4", "2027-04-14"),
    ],
)
def test_a_whole_segment_at_an_end_is_a_place_for_a_day(text: str, day: str) -> None:
    assert days(text) == [day]
    assert days(f"- {text}\nmore") == [day]


@pytest.mark.parametrize(
    "text",
    [
        "order the pipe - 3/4",
        "watch the series (2/8)",
        "open all day (24/7)",
        "read chapter 14/4",
        "14/4 of the way, they said",
        "more than 14/4",
        "the notes (Do) of Ana",
        "I see what they do, So",
        "call the dentist and the bank (Mo)",
    ],
)
def test_elsewhere_figures_and_short_words_are_none(text: str) -> None:
    assert days(text) == []


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("URSSAF avant le 30", "2026-11-30"),
        ("send it by the 14th", "2026-12-14"),
        ("bis zum 30.", "2026-11-30"),
        ("antes del 22", "2026-11-22"),
        ("pies de foto, jueves 26", "2026-11-26"),
        ("Friday 20", "2026-11-20"),
        ("Internet kündigen, Frist 31.12.", "2026-12-31"),
        ("comprar grifería antes del 27/12", "2026-12-27"),
        ("relancer (échéance 31/12)", "2026-12-31"),
        ("17/12  pregón", "2026-12-17"),
    ],
)
def test_a_day_by_its_number_or_behind_a_word_for_a_limit(text: str, day: str) -> None:
    assert days(text) == [day]


@pytest.mark.parametrize(
    "text",
    ["by the 14 members", "avant le 31 rue Haute", "3/4  cup of flour", "del 3/4"],
)  # fmt: skip
def test_numbers_that_are_no_days(text: str) -> None:
    assert days(text) == []


def test_a_weekday_whose_number_is_another_day_stands_alone() -> None:
    assert days("Friday 21") == ["2026-11-20"]
