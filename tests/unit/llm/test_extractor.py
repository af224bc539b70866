from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from noond.clock import Clock
from noond.config import LLMSettings
from noond.llm.extractor import Extractor
from noond.llm.opening import open_readers
from noond.llm.usage import Budget, CallAccount
from noond.models.document import Document, Extraction, LLMCall, Table
from noond.models.usage import Payer

MakeDocument = Callable[[str], Document]
ACCOUNT = CallAccount(user_id="ana", agent_id="a1", run_id="r1", timezone="UTC")
TASKS = frozenset({Table.TASKS})
UNREACHABLE = LLMSettings(provider="openai", model="m", base_url="http://127.0.0.1:9/v1")


async def _nothing_spent(payer: Payer, since: datetime) -> float:
    return 0.0


@asynccontextmanager
async def _open(settings: LLMSettings, clock: Clock) -> AsyncIterator[Extractor]:
    budget = Budget(settings, spent=_nothing_spent, clock=clock, warn=lambda *_: None)
    async with open_readers(
        settings, clock=clock, budget=budget, keep_calls=_keep_nothing
    ) as readers:
        yield readers.extractor


async def _keep_nothing(account: CallAccount, path: str, calls: tuple[LLMCall, ...]) -> None:
    pytest.fail("no call was made")


async def _extract(
    extractor: Extractor, document: Document, tables: frozenset[Table]
) -> Extraction:
    return await extractor.extract(
        document, instructions="", tables=tables, context=None, account=ACCOUNT
    )


async def _prints(clock: Clock, settings: LLMSettings, *asked: tuple[str, set[Table]]) -> list[str]:
    async with _open(settings, clock) as extractor:
        return [extractor.fingerprint(wishes, frozenset(tables)) for wishes, tables in asked]


async def test_a_fingerprint_tells_what_decides_the_outcome(clock: Clock) -> None:
    asked = [
        ("", {Table.TASKS}),
        ("only mine", {Table.TASKS}),
        ("", {Table.TASKS, Table.NOTES}),
    ]
    prints = await _prints(clock, LLMSettings(), *asked)
    prints += await _prints(clock, UNREACHABLE, *asked)
    prints += await _prints(clock, UNREACHABLE.model_copy(update={"model": "n"}), *asked)
    assert len(set(prints)) == 9
    assert all(len(print_) == 64 for print_ in prints)
    assert prints[:3] == await _prints(clock, LLMSettings(), *asked)


@pytest.mark.parametrize("settings", [LLMSettings(), UNREACHABLE])
async def test_no_table_no_call(
    settings: LLMSettings, document: MakeDocument, clock: Clock
) -> None:
    async with _open(settings, clock) as extractor:
        assert await _extract(extractor, document("- [ ] Call Bob"), frozenset()) == Extraction()


async def test_a_text_without_a_letter_is_not_sent(document: MakeDocument, clock: Clock) -> None:
    async with _open(UNREACHABLE, clock) as extractor:
        assert await _extract(extractor, document("\n---\n"), TASKS) == Extraction()


async def test_the_rules_work_without_a_model_and_off_the_loop(
    document: MakeDocument, clock: Clock
) -> None:
    async with _open(LLMSettings(concurrency=2), clock) as extractor:
        await extractor.warm()
        found = await asyncio.gather(
            *(_extract(extractor, document(f"- [ ] Call Bob {n}"), TASKS) for n in range(5))
        )
    assert [one.candidates[0].quote for one in found] == [f"Call Bob {n}" for n in range(5)]
    assert all(one.calls == () for one in found)


async def test_the_client_library_is_not_imported_before_it_is_needed() -> None:
    program = "import noond.llm.extractor, sys; sys.exit('langchain_core' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == 0
