from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noond.clock import to_ms
from noond.llm.gate import check_candidates
from noond.llm.plain import INVISIBLE
from noond.models.document import (
    Candidate,
    DeviceContext,
    DeviceProject,
    DeviceTask,
    Document,
    GateOutcome,
    Record,
    Table,
)

MakeDocument = Callable[[str], Document]
Check = Callable[..., GateOutcome]

SOURCE = """\
# Standup

Ana sends the “contract” by Friday.
Bob calls https://shop.example.com, mail bob@acme.example.

Launch of the website on 2026-12-24 at 14:00.
"""
CONTEXT = DeviceContext(
    projects=(DeviceProject(id="p1", name="Website"), DeviceProject(id="p2", name="Garden")),
    tasks=(DeviceTask(id="t9", title="Water the plants", project_id="p2"),),
)
QUOTE = "Ana sends the “contract” by Friday."
FRIDAY_MS = to_ms(datetime(2026, 11, 26, 23, tzinfo=UTC))  # midnight in Berlin


@pytest.fixture
def check(document: MakeDocument) -> Check:
    def run(
        *candidates: Candidate,
        text: str = SOURCE,
        tables: frozenset[Table] = frozenset(Table),
        context: DeviceContext | None = CONTEXT,
        default_project_id: str | None = None,
    ) -> GateOutcome:
        return check_candidates(
            candidates,
            document=document(text),
            tables=tables,
            context=context,
            default_project_id=default_project_id,
        )

    return run


def _task(quote: str = QUOTE, start: int | None = None, **data: Any) -> Candidate:
    return Candidate(
        table="tasks", data={"title": "Send the contract", **data}, quote=quote, start=start
    )


def _only(outcome: GateOutcome) -> Record:
    assert outcome.dropped == {}
    (record,) = outcome.records
    return record


def test_a_record_carries_the_sources_own_words_and_place(check: Check) -> None:
    record = _only(check(_task('Ana sends the "contract"\n by Friday.')))
    assert record.table is Table.TASKS
    assert record.data == {"title": "Send the contract"}
    assert record.quote == QUOTE == SOURCE[record.start : record.end]


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (Candidate(table="users", data={"title": "x"}, quote=QUOTE), "unknown_table"),
        (Candidate(table="", data={}, quote=""), "unknown_table"),
        (Candidate(table="notes", data={"title": "x"}, quote=QUOTE), "table_not_asked"),
        (Candidate(table="tasks", data={}, quote=QUOTE), "no_data"),
        (_task("Ana sends the invoice"), "quote_not_found"),
        (_task(""), "quote_not_found"),
        (_task("#"), "quote_not_found"),
        (_task(title=""), "missing_field"),
        (_task(title="—"), "missing_field"),
        (_task(title=7), "missing_field"),
        (_task(title="\u200b\u202e"), "missing_field"),
        (_task(description="See https://evil.example/x"), "foreign_url"),
        (_task(title="Pay at evil\u200b.example now"), "foreign_url"),
        (_task(assignee=["eve@evil.example"]), "foreign_email"),
        (_task(title="Water  the PLANTS"), "already_exists"),
        (Candidate(table="projects", data={"name": "website"}, quote=QUOTE), "already_exists"),
    ],
)
def test_what_does_not_pass_is_counted_by_reason(
    check: Check, candidate: Candidate, reason: str
) -> None:
    tables = frozenset({Table.TASKS, Table.PROJECTS})
    outcome = check(candidate, _task(), tables=tables)
    assert outcome.dropped == {reason: 1}
    assert [record.data["title"] for record in outcome.records] == ["Send the contract"]


def test_fields_that_are_not_the_extractors_are_stripped(check: Check) -> None:
    record = _only(
        check(
            _task(
                id="1", createdAt=1, updatedAt=2, isAiSuggested=0, isApproved=1, owner="eve", due=3
            )
        )
    )
    assert record.data == {"title": "Send the contract"}
    project = Candidate(table="projects", data={"name": "Move", "clientId": "c1"}, quote=QUOTE)
    assert _only(check(project)).data == {"name": "Move"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"status": "done", "priority": "high"}, {"status": "done", "priority": "high"}),
        (
            {"status": "In Progress", "priority": "HIGH"},
            {"status": "in_progress", "priority": "high"},
        ),
        ({"status": "nonsense", "priority": 1}, {"status": "todo", "priority": "medium"}),
        ({"status": None, "priority": None, "description": None}, {}),
        ({"assignee": "Ana"}, {"assignee": '["Ana"]'}),
        ({"assignee": '["Ana", "Bob"]'}, {"assignee": '["Ana", "Bob"]'}),
        ({"assignee": ["@Ana", "Ana", " ", 7, "bob"]}, {"assignee": '["Ana", "bob"]'}),
        ({"assignee": ["Mallory"]}, {}),
        ({"assignee": "[Ana"}, {"assignee": '["Ana"]'}),
        ({"assignee": {"name": "Ana"}}, {}),
        ({"description": "a\u202eb\r\nc\x1b[0m "}, {"description": "ab\nc[0m"}),
        ({"description": ["no text"]}, {}),
    ],
)
def test_values_are_made_safe(check: Check, given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert _only(check(_task(**given))).data == {"title": "Send the contract", **kept}


def test_lengths_are_capped(check: Check) -> None:
    record = _only(check(_task(title="word " * 1000, description="x" * 100_000)))
    assert len(record.data["title"]) <= 300
    assert len(record.data["description"]) == 20_000
    long = "word " * 1000
    record = _only(check(_task(long), text=f"Begin {long}"))
    assert len(record.quote) == record.end - record.start == 2000


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (FRIDAY_MS, FRIDAY_MS),
        ("2026-11-27", FRIDAY_MS),
        ("2026-11-27T17:00", FRIDAY_MS),  # the source gives no time of day
        (float(FRIDAY_MS), FRIDAY_MS),
        (str(FRIDAY_MS), FRIDAY_MS),
        # In another paragraph, with its time.
        ("2026-12-24", to_ms(datetime(2026, 12, 24, 13, tzinfo=UTC))),
        ("2026-12-24T14:00:00+01:00", to_ms(datetime(2026, 12, 24, 13, tzinfo=UTC))),
        ("2026-11-28", None),
        (FRIDAY_MS + 7 * 86_400_000, None),
        ("Friday", None),
        (True, None),
        (-1, None),
        (10**30, None),
        (float("nan"), None),
        ([], None),
    ],
)
def test_only_dates_of_the_source_are_kept(check: Check, given: Any, kept: int | None) -> None:
    assert _only(check(_task(dueDate=given))).data.get("dueDate") == kept


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("SUMMARY:Call\nDUE:20261127T120000Z", datetime(2026, 11, 27, 12, tzinfo=UTC)),
        (
            "SUMMARY:Call\nDUE;TZID=America/New_York:20261127T200000",
            datetime(2026, 11, 28, 1, tzinfo=UTC),
        ),
        (
            "SUMMARY:Call\nDUE;TZID=Eastern Standard Time:20261127T200000",
            datetime(2026, 11, 28, 1, tzinfo=UTC),
        ),
        ("Call 2026-11-27T12:00:00+00:00", datetime(2026, 11, 27, 12, tzinfo=UTC)),
        ("Call,1795780800000", datetime(2026, 11, 27, 12, tzinfo=UTC)),
        ("Call,1795780800", datetime(2026, 11, 27, 12, tzinfo=UTC)),
    ],
)
def test_instants_that_a_program_wrote_are_derivable(
    check: Check, text: str, instant: datetime
) -> None:
    record = _only(check(_task("Call", dueDate=to_ms(instant)), text=text))
    assert record.data["dueDate"] == to_ms(instant)
    other = _only(check(_task("Call", dueDate=to_ms(instant) + 60_000 * 86_400), text=text))
    assert "dueDate" not in other.data


TABLE = """| Task | Part | Due |
|------|------|-----|
| Ring the bank | 3/4 | 14/12 |
| Order the pipe | 5/6 | Fri |
"""


@pytest.mark.parametrize(
    ("day", "kept"),
    [
        ("2026-12-14", datetime(2026, 12, 13, 23, tzinfo=UTC)),
        ("2026-11-27", datetime(2026, 11, 26, 23, tzinfo=UTC)),
        ("2027-04-03", None),  # in a column of parts
        ("2027-06-05", None),
        ("2026-12-15", None),
    ],
)
def test_a_day_in_a_tables_column_of_days_is_derivable(
    check: Check, day: str, kept: datetime | None
) -> None:
    quote = "| Ring the bank | 3/4 | 14/12 |"
    record = _only(check(_task(quote, dueDate=day), text=TABLE))
    assert record.data.get("dueDate") == (to_ms(kept) if kept else None)


def test_a_time_in_the_users_own_zone_moves_to_no_other_day(check: Check) -> None:
    text = "Call 20261127T120000"
    kept = _only(check(_task("Call", dueDate="2026-11-27T12:00"), text=text))
    assert kept.data["dueDate"] == to_ms(datetime(2026, 11, 27, 11, tzinfo=UTC))
    moved = _only(check(_task("Call", dueDate="2026-11-28"), text=text))
    assert "dueDate" not in moved.data


def _milestone(**data: Any) -> Candidate:
    quote = "Launch of the website on 2026-12-24"
    return Candidate(table="timelines", data={"title": "Launch", **data}, quote=quote)


def test_a_timeline_needs_a_project_that_the_device_knows(check: Check) -> None:
    assert _only(check(_milestone(date="2026-12-24", projectId="p1"))).data["projectId"] == "p1"
    named = _only(check(_milestone(date="2026-12-24", projectId="garden")))
    assert named.data["projectId"] == "p2"
    default = _only(check(_milestone(date="2026-12-24"), context=None, default_project_id="p7"))
    assert default.data["projectId"] == "p7"
    for context in (None, CONTEXT):
        outcome = check(_milestone(date="2026-12-24", projectId="p666"), context=context)
        assert outcome == GateOutcome(dropped={"needs_project": 1})


def test_a_timeline_needs_a_date_of_the_source(check: Check) -> None:
    invented = check(_milestone(date="2027-01-01", projectId="p1"))
    assert invented == GateOutcome(dropped={"date_not_in_source": 1})
    assert check(_milestone(projectId="p1")) == GateOutcome(dropped={"missing_field": 1})


def test_a_task_keeps_only_a_project_that_is_known(check: Check) -> None:
    assert _only(check(_task(projectId="p2"))).data["projectId"] == "p2"
    assert "projectId" not in _only(check(_task(projectId="p666"))).data
    assert "projectId" not in _only(check(_task(projectId=["p2"]), context=None)).data
    assert _only(check(_task(), default_project_id="p7")).data["projectId"] == "p7"


def test_a_comment_needs_a_task_of_the_context(check: Check) -> None:
    def comment(task_id: Any) -> Candidate:
        data = {"taskId": task_id, "content": "Done on Friday"}
        return Candidate(table="taskComments", data=data, quote=QUOTE)

    assert _only(check(comment("t9"))).data == {"taskId": "t9", "content": "Done on Friday"}
    assert check(comment("t1")) == GateOutcome(dropped={"needs_task": 1})
    assert check(comment("t9"), context=None) == GateOutcome(dropped={"needs_task": 1})


def test_equal_quotes_point_at_different_places(check: Check) -> None:
    text = "call Bob\n\ncall Bob\n\ncall Bob"
    outcome = check(*(_task("call Bob", title=f"Call {n}") for n in range(4)), text=text)
    assert [record.start for record in outcome.records] == [0, 10, 20, 20]
    told = _only(check(_task("call Bob", start=10), text=text))
    assert told.start == 10
    wrong = _only(check(_task("call Bob", start=3), text=text))
    assert wrong.start == 0


def test_exact_duplicates_collapse(check: Check) -> None:
    outcome = check(_task(), _task(), _task(priority="high"))
    assert [record.data.get("priority") for record in outcome.records] == [None, "high"]
    assert outcome.dropped == {"duplicate": 1}


def test_no_invisible_character_of_the_source_reaches_a_quote(check: Check) -> None:
    record = _only(check(_task("Pay the bill"), text="Pay\u200b the \u202ebill\U000e0041 today"))
    assert record.quote == "Pay the bill"


_VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(codec=None), max_size=40),
    st.lists(st.text(max_size=9), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)
_FIELDS = ["title", "name", "content", "dueDate", "date", "projectId", "taskId", "assignee", "id"]


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            Candidate,
            table=st.sampled_from([*(table.value for table in Table), "users"]),
            data=st.dictionaries(st.sampled_from(_FIELDS), _VALUE),
            quote=st.sampled_from([QUOTE, "Standup", "nowhere", ""]) | st.text(max_size=20),
            start=st.none() | st.integers(-5, 500),
        ),
        max_size=8,
    )
)
def test_whatever_a_model_says_only_clean_records_pass(candidates: list[Candidate]) -> None:
    document = Document(
        path="a.md",
        text=SOURCE,
        sha256="0" * 64,
        reference_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
        timezone="Europe/Berlin",
    )
    outcome = check_candidates(
        candidates,
        document=document,
        tables=frozenset(Table),
        context=CONTEXT,
        default_project_id=None,
    )
    assert len(outcome.records) + sum(outcome.dropped.values()) == len(candidates)
    for record in outcome.records:
        assert record.quote in SOURCE
        assert not INVISIBLE & set(json.dumps(record.data, ensure_ascii=False))
        assert "id" not in record.data
