"""The life of the connection: calls answered once, coming back, staying away, stopping, review."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from noond.device.errors import (
    ConnectionRefused,
    FolderRefused,
    ProtocolViolated,
    Replaced,
    StoreLocked,
    TokenRefused,
)
from noond.device.notices import Notice
from noond.device.reviews import decide, list_suggestions, pending_decisions
from noond.device.store import DeviceStore
from noond.hub.frames import EventFrame, Review, ReviewAck, ToolCall, ToolResult
from noond.models.document import Table


def insert(id_: str, title: str = "x") -> ToolCall:
    return ToolCall(
        id=id_, action="insert", table=Table.TASKS, deadline_ms=1000,
        data={"title": title, "isAiSuggested": 1, "isApproved": 0},
    )  # fmt: skip


async def test_calls_are_answered_in_the_order_they_came(
    daemon: Any, device: Any, store: DeviceStore
) -> None:
    line = await daemon.next_line()
    await line.say(*(insert(str(number)) for number in range(40)))
    answers = [await line.hear(ToolResult) for _ in range(40)]
    assert [answer.id for answer in answers] == [str(number) for number in range(40)]
    assert len(await list_suggestions(store)) == 40


async def test_a_call_sent_again_after_a_disconnect_gets_the_first_answer(
    daemon: Any, device: Any, store: DeviceStore
) -> None:
    line = await daemon.next_line()
    await line.say(insert("same"))
    first = await line.hear(ToolResult)
    await line.socket.close(code=1012)
    line = await daemon.next_line()
    await line.say(insert("same"), insert("other"))
    assert await line.hear(ToolResult) == first
    assert (await line.hear(ToolResult)).result != first.result
    assert len(await list_suggestions(store)) == 2


async def test_a_lost_connection_is_made_again(daemon: Any, device: Any) -> None:
    line = await daemon.next_line()
    line.request.transport.abort()
    again = await daemon.next_line()
    assert again.hello == line.hello


async def test_after_a_good_while_the_waits_are_short_again(daemon: Any, device: Any) -> None:
    for _ in range(6):
        line = await daemon.next_line()
        await line.say(insert("same"))
        await line.hear(ToolResult)
        device.clock.added_seconds += 20
        await line.socket.close(code=1012)
    await daemon.next_line()
    waits = [float(state.split()[-2]) for state in device.states if "next try" in state]
    assert len(waits) == 6
    assert max(waits) <= 0.5


@pytest.mark.parametrize("code", [1001, 1012, 4000, 4001])
async def test_codes_that_pass_are_followed_by_a_new_try(
    daemon: Any, device: Any, code: int
) -> None:
    line = await daemon.next_line()
    await line.socket.close(code=code)
    await daemon.next_line()
    assert any(state.startswith("disconnected: ") for state in device.states)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (4100, Replaced),
        (4101, TokenRefused),
        (4102, ProtocolViolated),
        (4103, ProtocolViolated),
        (4104, ProtocolViolated),
    ],
)
async def test_codes_that_do_not_pass_end_the_device(
    daemon: Any, device: Any, code: int, error: type[Exception]
) -> None:
    line = await daemon.next_line()
    await line.socket.close(code=code)
    with pytest.raises(error):
        await device.ended()


async def test_a_refused_hello_ends_the_device_too(daemon: Any, device: Any) -> None:
    daemon.closes.append(4101)
    with pytest.raises(TokenRefused):
        await device.ended()


async def test_a_message_too_large_is_tried_once_more(daemon: Any, device: Any) -> None:
    for _ in range(2):
        line = await daemon.next_line()
        await line.socket.close(code=1009)
    with pytest.raises(ProtocolViolated, match="too large"):
        await device.ended()


@pytest.mark.parametrize(("status", "error"), [(401, TokenRefused), (421, ConnectionRefused)])
async def test_a_refused_upgrade_ends_the_device(
    daemon: Any, device: Any, status: int, error: type[Exception]
) -> None:
    daemon.refusals.append(status)
    with pytest.raises(error):
        await device.ended()


async def test_a_daemon_that_is_not_ready_is_tried_again(daemon: Any, device: Any) -> None:
    daemon.refusals += [503, 502]
    await daemon.next_line()
    assert sum(state.startswith("disconnected") for state in device.states) == 2


async def test_stopping_closes_the_socket_and_says_so(daemon: Any, device: Any) -> None:
    line = await daemon.next_line()
    device.stop.set()
    assert await line.hear_close() == 1001
    await device.ended()
    assert device.states == ["connecting", "connected", "stopped"]


async def test_stopping_while_it_waits_for_the_next_try_is_quick(daemon: Any, device: Any) -> None:
    daemon.refusals += [503] * 1000
    await device.says("disconnected")
    device.stop.set()
    await device.ended()
    assert device.states[-1] == "stopped"


async def test_a_second_program_on_the_store_is_refused(
    daemon: Any, device: Any, second_device: Any
) -> None:
    await daemon.next_line()
    second_device.start()
    with pytest.raises(StoreLocked):
        await second_device.ended()


async def test_a_folder_that_is_not_there_is_said_before_anything(
    device: Any, second_device: Any, tmp_path: Path
) -> None:
    second_device.options = type(second_device.options)(
        url="http://127.0.0.1:1", token="t", store=tmp_path / "s" / "d.db", allow=("/no/such",)
    )
    second_device.start()
    with pytest.raises(FolderRefused, match="/no/such"):
        await second_device.ended()
    assert not (tmp_path / "s").exists()


async def test_a_notice_is_shown_and_an_event_is_no_trouble(daemon: Any, device: Any) -> None:
    line = await daemon.next_line()
    await line.say(
        EventFrame(topic="run.progress", data={}, at="2026-11-20T08:00:00.000Z"),
        ToolCall(id="n", action="notify", title="Hi", body="there", url="u", deadline_ms=1000),
    )
    assert (await line.hear(ToolResult)).result == {}
    assert await device.notices.get() == Notice(title="Hi", body="there", url="u")


async def test_decisions_of_another_process_are_told_until_acknowledged(
    daemon: Any, device: Any, store: DeviceStore
) -> None:
    line = await daemon.next_line()
    await line.say(insert("a"), insert("b"))
    for _ in range(2):
        await line.hear(ToolResult)
    suggestions = {s.call_id: s.id for s in await list_suggestions(store)}
    await decide(store, suggestions["a"], "rejected")
    review = await line.hear(Review)
    assert [(d.id, d.decision) for d in review.deliveries] == [("a", "rejected")]
    await line.socket.close(code=1012)
    line = await daemon.next_line()
    assert await line.hear(Review) == review
    await line.say(ReviewAck(ids=["a"]))
    await decide(store, suggestions["b"], "edited", {"title": "better"})
    (told,) = (await line.hear(Review)).deliveries
    assert (told.id, told.decision, told.data["title"]) == ("b", "edited", "better")
    await line.say(ReviewAck(ids=["b", "never heard of"]))
    while await pending_decisions(store):
        await asyncio.sleep(0.01)
    await line.socket.close(code=1012)
    line = await daemon.next_line()
    await line.say(insert("c"))
    assert (await line.hear(ToolResult)).id == "c"
