"""The model extractor against aimock, a stand-in for any OpenAI-compatible server."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from noond.errors import BudgetReached, ModelError

TEXT = "Ana sends the contract by Friday.\n\nBob calls the bank."
RECORD = {
    "table": "tasks",
    "data": {"title": "Send the contract", "dueDate": "2026-11-27"},
    "quote": "Ana sends the contract by Friday.",
}
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
PRICES = {"small": (1.0, 2.0)}


def _says(content: str, *, when: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "match": when or {"endpoint": "chat"},
        "response": {"content": content, "usage": USAGE, **more},
    }


def _records(*records: dict[str, Any], **more: Any) -> dict[str, Any]:
    return _says(json.dumps({"records": list(records)}), **more)


def _refuses(
    status: int, *, when: dict[str, Any] | None = None, message: str = "no", **more: Any
) -> dict[str, Any]:
    error = {"message": message, "type": "t", **more.pop("error", {})}
    return {
        "match": when or {"endpoint": "chat"},
        "response": {"error": error, "status": status, **more},
    }


FIRST = {"endpoint": "chat", "sequenceIndex": 0}


async def test_an_answer_becomes_located_candidates_and_an_accounted_call(
    model: Any, bench: Any
) -> None:
    await model.answer(_records(RECORD, {"table": 1}))
    made = bench(model.base_url, prices=PRICES, max_tokens=777)
    await made.extractor.warm()
    extraction = await made.extract(TEXT, instructions="Only what concerns Ana.")

    good, bad = extraction.candidates
    assert (good.table, good.data, good.start) == ("tasks", RECORD["data"], 0)
    assert (bad.table, bad.data) == ("", {})
    (call,) = extraction.calls
    assert (call.prompt_tokens, call.completion_tokens) == (100, 20)
    assert call.cost_usd == pytest.approx(140 / 1e6)
    assert call.success
    assert call.error is None

    (asked,) = await model.asked()
    body = asked["body"]
    assert body["model"] == "small"
    assert body["max_tokens"] == 777
    assert "tools" not in body
    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"]["strict"] is True
    assert "Only what concerns Ana." in body["messages"][1]["content"]
    assert TEXT in body["messages"][1]["content"]


async def test_the_key_is_the_settings_and_never_the_environments(
    model: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-program")
    await model.answer(_records())
    await bench(model.base_url).extract(TEXT)
    await bench(model.base_url, api_key="sk-own").extract(TEXT)
    keys = [entry["headers"].get("authorization") for entry in await model.asked()]
    assert "sk-of-another-program" not in json.dumps(await model.asked())
    assert len(keys) == 2
    assert os.environ["OPENAI_API_KEY"] == "sk-of-another-program"


async def test_a_long_text_is_asked_in_chunks_and_merged(model: Any, bench: Any) -> None:
    paragraphs = [f"Prose {n}. " + "word " * 60 for n in range(20)]
    paragraphs[7] = RECORD["quote"]  # type: ignore[call-overload]
    await model.answer(
        _records(RECORD, when={"userMessage": RECORD["quote"]}),
        _records(),
    )
    extraction = await bench(model.base_url, chunk_characters=1000).extract("\n\n".join(paragraphs))
    (candidate,) = extraction.candidates
    assert candidate.start == "\n\n".join(paragraphs).index(candidate.quote)
    assert len(extraction.calls) == len(await model.asked()) > 5


async def test_429_is_asked_again_when_the_server_said(model: Any, bench: Any) -> None:
    await model.answer(_refuses(429, when=FIRST, retryAfter=1), _records(RECORD))
    extraction = await bench(model.base_url, prices=PRICES).extract(TEXT)
    assert len(extraction.candidates) == 1
    refused, answered = extraction.calls
    assert (refused.success, refused.prompt_tokens, refused.cost_usd) == (False, 0, 0.0)
    assert "429" in (refused.error or "")
    assert answered.success
    first, second = (entry["timestamp"] for entry in await model.asked())
    assert second - first >= 950


@pytest.mark.parametrize("status", [500, 503])
async def test_5xx_is_asked_again_a_few_times(model: Any, bench: Any, status: int) -> None:
    await model.answer(_refuses(status, message="sk-secret is down"))
    with pytest.raises(ModelError, match=f"{status}.* is down") as caught:
        await bench(model.base_url, api_key="sk-secret").extract(TEXT)
    assert "sk-secret" not in caught.value.message
    assert len(caught.value.calls) == 3  # the first and two retries
    assert len(await model.asked()) == 3


async def test_a_cut_connection_is_asked_again(model: Any, bench: Any) -> None:
    cut = {**_records(), "match": FIRST, "chaos": {"disconnectRate": 1}}
    await model.answer(cut, _records(RECORD))
    extraction = await bench(model.base_url).extract(TEXT)
    assert len(extraction.candidates) == 1
    assert [call.success for call in extraction.calls] == [False, True]
    assert extraction.calls[0].prompt_tokens > 0  # it may have been read, so it counts


async def test_a_hanging_server_is_given_up(model: Any, bench: Any) -> None:
    await model.answer({**_records(), "chaos": {"latencyMs": 5000}})
    with pytest.raises(ModelError, match=r"no answer within 0\.3 s") as caught:
        await bench(model.base_url, timeout_seconds=0.3, retries=1).extract(TEXT)
    assert len(caught.value.calls) == 2
    assert all(call.execution_ms < 2000 for call in caught.value.calls)


async def test_an_unreachable_server_is_an_error_that_costs_nothing(bench: Any) -> None:
    with pytest.raises(ModelError, match="can't be reached") as caught:
        await bench("http://127.0.0.1:9/v1", prices=PRICES).extract(TEXT)
    assert [call.cost_usd for call in caught.value.calls] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("status", "error", "hint"),
    [(401, {}, "llm.api_key"), (429, {"code": "insufficient_quota"}, "429")],
)
async def test_what_waiting_does_not_help_is_not_asked_again(
    model: Any, bench: Any, status: int, error: dict[str, str], hint: str
) -> None:
    await model.answer(_refuses(status, error=error))
    with pytest.raises(ModelError, match=hint):
        await bench(model.base_url).extract(TEXT)
    assert len(await model.asked()) == 1


async def test_garbage_is_repaired_once(model: Any, bench: Any) -> None:
    await model.answer(
        _says("Sorry, I found one record.", when={"turnIndex": 0}),
        _records(RECORD, when={"turnIndex": 1}),
    )
    extraction = await bench(model.base_url).extract(TEXT)
    assert len(extraction.candidates) == 1
    assert [call.success for call in extraction.calls] == [False, True]
    assert sum(call.prompt_tokens for call in extraction.calls) == 200
    first, second = (entry["body"] for entry in await model.asked())
    assert second["messages"][:2] == first["messages"]
    assert second["messages"][2]["content"] == "Sorry, I found one record."
    assert "not JSON" in second["messages"][3]["content"]
    assert second["response_format"] == first["response_format"]


async def test_garbage_twice_is_an_error_and_its_calls_are_accounted(
    model: Any, bench: Any
) -> None:
    await model.answer(_says("Sorry."))
    with pytest.raises(ModelError, match="even repaired") as caught:
        await bench(model.base_url, prices=PRICES).extract(TEXT)
    assert [call.success for call in caught.value.calls] == [False, False]
    assert sum(call.cost_usd for call in caught.value.calls) == pytest.approx(280 / 1e6)
    assert len(await model.asked()) == 2


async def test_a_truncated_answer_is_asked_again_in_parts(model: Any, bench: Any) -> None:
    both = {"userMessage": "Ana sends the contract by Friday.\n\nBob calls"}
    other = {"table": "tasks", "data": {"title": "Call"}, "quote": "Bob calls the bank."}
    await model.answer(
        # Well-formed, but cut all the same: it may lack records.
        _records(RECORD, when=both, finishReason="length"),
        _records(RECORD, when={"userMessage": "Ana sends"}),
        _records(other, when={"userMessage": "Bob calls"}),
    )
    extraction = await bench(model.base_url).extract(TEXT)
    assert [c.start for c in extraction.candidates] == [0, TEXT.index("Bob")]
    assert [call.success for call in extraction.calls] == [False, True, True]


async def test_an_answer_that_stays_truncated_is_an_error(model: Any, bench: Any) -> None:
    await model.answer(_records(RECORD, finishReason="length"))
    with pytest.raises(ModelError, match=r"llm\.max_tokens"):
        await bench(model.base_url).extract(TEXT)
    assert len(await model.asked()) == 2


@pytest.mark.parametrize(
    ("refused", "agreed"),
    [(["json_schema"], "json_object"), (["json_schema", "json_object"], None)],
)
async def test_the_answers_format_is_negotiated_once(
    model: Any, bench: Any, refused: list[str], agreed: str | None
) -> None:
    await model.answer(
        *(_refuses(400, when={"responseFormat": form}) for form in refused), _records(RECORD)
    )
    made = bench(model.base_url)
    for _ in range(3):
        assert len((await made.extract(TEXT)).candidates) == 1
    forms = [
        (entry["body"].get("response_format") or {}).get("type") for entry in await model.asked()
    ]
    assert forms == [*refused, agreed, agreed, agreed]


async def test_garbage_never_changes_the_format(model: Any, bench: Any) -> None:
    await model.answer(_says("Sorry."))
    made = bench(model.base_url)
    for _ in range(2):
        with pytest.raises(ModelError):
            await made.extract(TEXT)
    forms = {entry["body"]["response_format"]["type"] for entry in await model.asked()}
    assert forms == {"json_schema"}


async def test_a_400_that_no_format_heals_leaves_the_format_open(model: Any, bench: Any) -> None:
    await model.answer(_refuses(400, message="context too long", when=FIRST))
    await model.answer(_refuses(400, when={"endpoint": "chat", "sequenceIndex": 1}))
    await model.answer(_refuses(400, when={"endpoint": "chat", "sequenceIndex": 2}))
    await model.answer(_records(RECORD))
    made = bench(model.base_url)
    with pytest.raises(ModelError, match="400"):
        await made.extract(TEXT)
    assert len((await made.extract(TEXT)).candidates) == 1
    assert (await model.asked())[-1]["body"]["response_format"]["type"] == "json_schema"


async def test_no_money_no_call(model: Any, bench: Any) -> None:
    made = bench(model.base_url, prices=PRICES, usd_per_day=1.0, spent=0.9999)
    with pytest.raises(BudgetReached, match=r"llm\.usd_per_day"):
        await made.extract(TEXT)
    assert await model.asked() == []


async def test_money_that_ends_within_a_file_loses_no_account(model: Any, bench: Any) -> None:
    usage = {"prompt_tokens": 500_000, "completion_tokens": 0, "total_tokens": 500_000}
    await model.answer(_records(usage=usage))
    made = bench(
        model.base_url, prices=PRICES, usd_per_run=1.0, chunk_characters=500, concurrency=1
    )
    with pytest.raises(BudgetReached, match=r"llm\.usd_per_run") as caught:
        await made.extract("word " * 2000)
    assert sum(call.cost_usd for call in caught.value.calls) == pytest.approx(1.0)
    assert len(await model.asked()) == 2


async def test_a_model_without_a_price_is_paid_with_unknown_cost(model: Any, bench: Any) -> None:
    await model.answer(_records())
    made = bench(model.base_url, usd_per_day=0.000001)
    (call,) = (await made.extract(TEXT)).calls
    assert call.cost_usd is None
    assert call.prompt_tokens == 100


async def test_passage_and_answer_are_kept_when_wanted(model: Any, bench: Any) -> None:
    await model.answer(_records(RECORD))
    (call,) = (await bench(model.base_url, keep_texts=True).extract(TEXT)).calls
    assert call.texts.user_message == TEXT.replace("\n", "\\x0a")
    assert json.loads(call.texts.agent_response)["records"] == [RECORD]
    (call,) = (await bench(model.base_url).extract(TEXT)).calls
    assert call.texts is None
