from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noond.llm.answer import AnswerError, TruncatedAnswer, parse_answer
from noond.models.document import Candidate

RECORD = {"table": "tasks", "data": {"title": "Send it"}, "quote": "Ana sends it"}
CANDIDATE = Candidate(table="tasks", data={"title": "Send it"}, quote="Ana sends it")
ENVELOPE = json.dumps({"records": [RECORD]})


@pytest.mark.parametrize(
    "text",
    [
        ENVELOPE,
        f"\n  {ENVELOPE}\n",
        json.dumps([RECORD]),
        f"```json\n{ENVELOPE}\n```",
        f"```\n{json.dumps([RECORD], indent=2)}\n```\n",
        f"Here you are:\n\n```json\n{ENVELOPE}\n```\nAnything else?",
        f"```json\n{ENVELOPE}",
        f"<think>Is [this] one?</think>\n{ENVELOPE}",
    ],
)
def test_envelopes_arrays_and_fences_are_taken(text: str) -> None:
    assert parse_answer(text) == [CANDIDATE]


@pytest.mark.parametrize("text", ['{"records": []}', "[]"])
def test_nothing_found_is_an_answer(text: str) -> None:
    assert parse_answer(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("I found no records.", "not JSON"),
        (ENVELOPE[:-3], "not JSON"),
        ('{"records": null}', 'no array "records"'),
        ('{"tasks": []}', 'no array "records"'),
        ('"records"', 'not JSON|no array "records"'),
        ('{"records": [NaN]}', "NaN"),
        ("[" * 100_000, "nested|not JSON"),
        ("[" + "9" * 10_000 + "]", "not JSON"),
    ],
)
def test_garbage_is_told_to_the_model(text: str, message: str) -> None:
    with pytest.raises(AnswerError, match=message) as caught:
        parse_answer(text)
    assert caught.value.answer == text


def test_nothing_is_salvaged_from_a_truncated_answer() -> None:
    with pytest.raises(TruncatedAnswer):
        parse_answer(ENVELOPE, truncated=True)


@pytest.mark.parametrize(
    "bad",
    [None, 7, "tasks", [], {}, {"table": 1, "data": [], "quote": None}, {**RECORD, "data": "x"}],
)
def test_one_bad_record_never_costs_the_others(bad: Any) -> None:
    parsed = parse_answer(json.dumps({"records": [bad, RECORD, bad]}))
    assert parsed[1] == CANDIDATE
    assert len(parsed) == 3
    assert not parsed[0].data


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.lists(_JSON))
def test_any_array_gives_a_candidate_for_each_item(items: list[Any]) -> None:
    assert len(parse_answer(json.dumps(items))) == len(items)


@settings(deadline=None)
@given(st.text() | _JSON.map(json.dumps))
def test_no_text_raises_anything_but_an_answer_error(text: str) -> None:
    with suppress(AnswerError):
        assert isinstance(parse_answer(text), list)
