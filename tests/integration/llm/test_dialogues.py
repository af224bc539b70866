"""Dialogues with a model against aimock, a stand-in for any OpenAI-compatible server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from noond.errors import BudgetReached, ModelError
from noond.models.dialogue import DialogueMessage, ToolCall, ToolSpec

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
PRICES = {"small": (1.0, 2.0)}
FIRST = {"endpoint": "chat", "sequenceIndex": 0}
ANY = {"endpoint": "chat"}
WEATHER = ToolSpec(
    name="weather",
    description="The weather of a city.",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
WANTED = {"id": "call_1", "name": "weather", "arguments": '{"city": "Oslo"}'}


def _says(content: str, *, when: dict[str, Any] = ANY, **more: Any) -> dict[str, Any]:
    return {"match": when, "response": {"content": content, "usage": USAGE}, **more}


def _calls(*calls: dict[str, Any], when: dict[str, Any] = ANY) -> dict[str, Any]:
    return {"match": when, "response": {"toolCalls": list(calls), "usage": USAGE}}


def _refuses(status: int, **more: Any) -> dict[str, Any]:
    error = {"message": "no", "type": "t"}
    return {"match": FIRST, "response": {"error": error, "status": status, **more}}


async def test_without_a_hearer_the_answer_comes_in_one_piece(model: Any, talk: Any) -> None:
    await model.answer(_says("Good day."))
    talking = talk(model.base_url, prices=PRICES, max_tokens=77)
    system = DialogueMessage(role="system", content="Be short.")
    said = await talking.say(system, "Hello")

    assert (said.text, said.tool_calls, said.truncated) == ("Good day.", (), False)
    assert (said.call.prompt_tokens, said.call.completion_tokens) == (100, 20)
    assert said.call.cost_usd == pytest.approx(140 / 1e6)
    assert talking.client.model == said.call.model == "small"
    assert talking.failed == []
    (asked,) = await model.asked()
    body = asked["body"]
    assert not body.get("stream")
    assert body["max_tokens"] == 77
    assert "tools" not in body
    assert [(each["role"], each["content"]) for each in body["messages"]] == [
        ("system", "Be short."),
        ("user", "Hello"),
    ]


async def test_a_hearer_hears_the_pieces_and_the_tokens_are_the_servers(
    model: Any, talk: Any
) -> None:
    await model.answer(_says("The day is fair and the wind is light.", chunkSize=5))
    talking = talk(model.base_url, prices=PRICES)
    said = await talking.say("Hello", aloud=True)

    assert talking.ear.takes[0][:2] == ["The d", "ay is"]
    assert talking.ear.text == said.text == "The day is fair and the wind is light."
    assert (said.call.prompt_tokens, said.call.completion_tokens) == (100, 20)
    (asked,) = await model.asked()
    assert asked["body"]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("aloud", [False, True])
async def test_a_tool_is_called_and_its_result_goes_back(
    model: Any, talk: Any, aloud: bool
) -> None:
    await model.answer(
        _says("Rain.", when={**ANY, "hasToolResult": True}),
        _calls(WANTED, {**WANTED, "id": "call_2", "arguments": '{"city": "Rome"}'}),
    )
    talking = talk(model.base_url)
    question = DialogueMessage(role="user", content="Oslo or Rome?")
    said = await talking.say(question, tools=[WEATHER], aloud=aloud)
    assert said.tool_calls == (
        ToolCall(id="call_1", name="weather", arguments={"city": "Oslo"}),
        ToolCall(id="call_2", name="weather", arguments={"city": "Rome"}),
    )

    wanted = DialogueMessage(role="assistant", content="", tool_calls=said.tool_calls)
    results = [
        DialogueMessage(role="tool", content="rain", tool_call_id=call.id)
        for call in said.tool_calls
    ]
    end = await talking.say(question, wanted, *results, tools=[WEATHER], aloud=aloud)
    assert (end.text, end.tool_calls) == ("Rain.", ())

    first, second = [entry["body"] for entry in await model.asked()]
    (offered,) = first["tools"]
    assert offered["function"] == {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": WEATHER.parameters,
    }
    assert [call["id"] for call in second["messages"][1]["tool_calls"]] == ["call_1", "call_2"]
    assert [each.get("tool_call_id") for each in second["messages"][2:]] == ["call_1", "call_2"]


@pytest.mark.parametrize("aloud", [False, True])
@pytest.mark.parametrize("written", ['["Oslo"]', "3"])
async def test_arguments_that_are_no_object_are_none(
    model: Any, talk: Any, aloud: bool, written: str
) -> None:
    await model.answer(
        _says("Sorry.", when={**ANY, "hasToolResult": True}),
        _calls({**WANTED, "arguments": written}),
    )
    talking = talk(model.base_url)
    said = await talking.say("Weather?", tools=[WEATHER], aloud=aloud)
    assert said.tool_calls == (ToolCall(id="call_1", name="weather", arguments=None),)
    assert talking.failed == []

    wanted = DialogueMessage(role="assistant", content="", tool_calls=said.tool_calls)
    told = DialogueMessage(role="tool", content="no object", tool_call_id="call_1")
    assert (await talking.say("Weather?", wanted, told, tools=[WEATHER])).text == "Sorry."
    again = (await model.asked())[-1]["body"]
    assert again["messages"][1]["tool_calls"][0]["function"]["arguments"] == "{}"


@pytest.mark.parametrize("aloud", [False, True])
@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_that_refuses_is_asked_again(
    model: Any, talk: Any, aloud: bool, status: int
) -> None:
    await model.answer(_refuses(status), _says("Here."))
    talking = talk(model.base_url)
    said = await talking.say("Hello", aloud=aloud)
    assert said.text == "Here."
    (refused,) = talking.failed
    assert str(status) in refused.error
    assert refused.prompt_tokens == 0
    assert talking.ear.takes == ([["Here."]] if aloud else [[]])  # nothing had to be taken back


async def test_retry_after_is_waited_for(model: Any, talk: Any) -> None:
    await model.answer(_refuses(429, retryAfter=1), _says("Here."))
    assert (await talk(model.base_url).say("Hello", aloud=True)).text == "Here."
    first, second = [entry["timestamp"] for entry in await model.asked()]
    assert second - first >= 950


async def test_a_refusal_that_will_not_pass_is_not_tried_again(model: Any, talk: Any) -> None:
    await model.answer(_refuses(401), _says("Here."))
    talking = talk(model.base_url)
    with pytest.raises(ModelError, match=r"401.*check llm\.api_key"):
        await talking.say("Hello", aloud=True)
    assert len(talking.failed) == 1


async def test_a_stream_that_is_cut_begins_anew(model: Any, talk: Any) -> None:
    await model.answer(
        _says(
            "One two three four five six.",
            when=FIRST,
            chunkSize=4,
            latency=20,
            truncateAfterChunks=4,
        ),
        _says("Seven eight."),
    )
    talking = talk(model.base_url, prices=PRICES)
    said = await talking.say("Hello", aloud=True)
    assert said.text == talking.ear.text == "Seven eight."
    assert len(talking.ear.takes) == 2
    assert talking.ear.takes[0][0] == "One "
    (cut,) = talking.failed
    assert not cut.success
    assert cut.completion_tokens > 0  # what was heard was written, and is paid for
    assert cut.cost_usd > cut.prompt_tokens / 1e6


async def test_what_the_budget_does_not_cover_is_not_asked(model: Any, talk: Any) -> None:
    await model.answer(_says("Here."))
    talking = talk(model.base_url, prices=PRICES, usd_per_day=1.0, spent=0.9999)
    with pytest.raises(BudgetReached):
        await talking.say("Hello", aloud=True)
    assert await model.asked() == []


async def test_an_answer_that_runs_into_the_limit_says_so(model: Any, talk: Any) -> None:
    cut = _says("and then")
    cut["response"]["finishReason"] = "length"
    await model.answer(cut)
    talking = talk(model.base_url)
    assert (await talking.say("Go on")).truncated
    assert (await talking.say("Go on", aloud=True)).truncated


SECRET = "noond_" + "x" * 30


async def test_no_text_is_kept_unless_it_is_wanted(model: Any, talk: Any) -> None:
    await model.answer(_says("Here."))
    assert (await talk(model.base_url).say("Hello")).call.texts is None


async def test_kept_texts_are_redacted_inert_and_short(model: Any, talk: Any) -> None:
    await model.answer(_calls(WANTED), _says("unused"))
    talking = talk(model.base_url, keep_texts=True)
    call = ToolCall(id="call_0", name="weather", arguments={})
    said = await talking.say(
        DialogueMessage(role="system", content="Be short."),
        f"Key {SECRET}\x1b[31m " + "and so on " * 300,
        DialogueMessage(role="assistant", content="", tool_calls=(call,)),
        DialogueMessage(role="tool", content=f"{SECRET} rain", tool_call_id="call_0"),
        tools=[WEATHER],
        aloud=True,
    )
    texts = said.call.texts
    assert said.call.tool == "weather"
    assert texts.user_message.startswith("Key [secret]\\x1b[31m and so on")
    assert len(texts.user_message) == 2000
    assert json.loads(texts.tool_result) == [{"tool": "weather", "result": "[secret] rain"}]
    state = json.loads(texts.agent_state)
    assert state["messages"] == 4
    assert [each["role"] for each in state["latest"]] == ["system", "user", "assistant", "tool"]
    assert SECRET not in repr(texts)
    assert texts.agent_response == ""


async def test_of_a_failed_call_the_question_is_kept(model: Any, talk: Any) -> None:
    await model.answer(_refuses(401))
    talking = talk(model.base_url, keep_texts=True)
    with pytest.raises(ModelError):
        await talking.say("Hello")
    (failed,) = talking.failed
    assert (failed.texts.user_message, failed.texts.agent_response) == ("Hello", None)
