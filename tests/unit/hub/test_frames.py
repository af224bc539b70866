"""Frames: what is one, what is not, and that nothing breaks the parser."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noond.hub.frames import (
    AgentComplete,
    AgentData,
    DeviceHello,
    InvalidFrame,
    ToolCall,
    ToolResult,
    parse_from_device,
    parse_to_device,
)
from noond.models.document import Table

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_the_protocols_examples_are_frames() -> None:
    hello = parse_from_device(
        '{"type":"device_hello","device_id":"laptop","name":"Ana\'s laptop","platform":"linux",'
        '"app_version":"1.4.0","protocol":1,"capabilities":["manifest","context"]}'
    )
    result = parse_from_device('{"type":"tool_result","id":"c1","result":{"id":"r1"}}')
    refusal = parse_from_device('{"type":"tool_result","id":"c1","error":"no such table"}')
    data = parse_from_device(
        '{"type":"agent_data","run_id":"r","seq":1,"files":[{"path":"a.md","content":"x",'
        '"modified_at":1700000000000}]}'
    )
    complete = parse_from_device('{"type":"agent_complete","run_id":"r","last_seq":17}')

    assert isinstance(hello, DeviceHello)
    assert hello.capabilities == ["manifest", "context"]
    assert result == ToolResult(id="c1", result={"id": "r1"})
    assert refusal == ToolResult(id="c1", error="no such table")
    assert isinstance(data, AgentData)
    assert data.files[0].modified_at == 1700000000000
    assert complete == AgentComplete(run_id="r", last_seq=17)


def test_unknown_fields_are_ignored() -> None:
    assert parse_from_device('{"type":"agent_complete","run_id":"r","colour":"red"}') == (
        AgentComplete(run_id="r")
    )


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ('{"type":"dance"}', "dance"),
        ("{", "JSON"),
        ("[]", "object"),
        ('{"id":"c1"}', "type"),
        ('{"type":"tool_result","id":7}', "id"),
        ('{"type":"device_hello","device_id":"../etc"}', "device_id"),
        ('{"type":"agent_data","run_id":"r","seq":0,"files":[]}', "seq"),
        ('{"type":"agent_data","run_id":"r","seq":"1","files":[]}', "seq"),
    ],
)
def test_what_is_wrong_is_named(message: str, says: str) -> None:
    with pytest.raises(InvalidFrame, match=says):
        parse_from_device(message)


def test_of_many_mistakes_the_first_is_named() -> None:
    items = ",".join(["{}"] * 1000)
    with pytest.raises(InvalidFrame, match=r"files\.0\.path") as caught:
        parse_from_device('{"type":"agent_manifest","run_id":"r","files":[' + items + "]}")
    assert len(caught.value.message) < 200


def test_an_invalid_frame_refers_to_its_id() -> None:
    with pytest.raises(InvalidFrame) as caught:
        parse_from_device('{"type":"tool_result","id":"c9","result":[]}')
    assert caught.value.ref == "c9"


@given(JSON)
def test_any_json_is_a_frame_or_invalid(value: Any) -> None:
    message = json.dumps(value)
    known = isinstance(value, dict) and isinstance(value.get("type"), str)
    if not known:
        with pytest.raises(InvalidFrame):
            parse_from_device(message)
    else:
        with suppress(InvalidFrame):
            assert parse_from_device(message).type == value["type"]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_invalid(message: bytes) -> None:
    with pytest.raises(InvalidFrame):
        parse_from_device(message)


@given(st.text(), st.dictionaries(st.text(), st.text() | st.integers(-(2**53), 2**53)))
def test_a_call_arrives_as_it_was_sent(title: str, data: dict[str, Any]) -> None:
    call = ToolCall(
        id="c1", action="insert", table=Table.TASKS, data={**data, "title": title}, deadline_ms=1
    )
    assert parse_to_device(call.encode()) == call
