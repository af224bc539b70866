"""Who proposes records from a document: the rules, or a model chunk by chunk."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from typing import Protocol

from noond.config import LLMSettings
from noond.errors import BudgetReached, ExtractionHalted, ModelError
from noond.llm import embedded
from noond.llm.answer import AnswerError, TruncatedAnswer, parse_answer
from noond.llm.chunks import Chunk, located, merge, split
from noond.llm.client import ModelClient, Question
from noond.llm.gate import GATE_VERSION
from noond.llm.prompts import (
    PROMPT_VERSION,
    Message,
    answer_schema,
    first_messages,
    framing_text,
    repair_messages,
)
from noond.llm.usage import (
    CallAccount,
    Forecast,
    estimated_tokens,
    estimated_tokens_of_bytes,
)
from noond.models.document import (
    Candidate,
    DeviceContext,
    Document,
    Extraction,
    LLMCall,
    Table,
)

KeepCalls = Callable[[CallAccount, str, tuple[LLMCall, ...]], Awaitable[None]]
"""Stores the calls made for a document (account, path, calls) whose extraction was cancelled."""

ANSWER_TOKENS = 250
"""What a chunk's answer takes on the average, for forecasts."""

_NO_ROOM = "{}, even for a part of a chunk: raise it, or lower llm.chunk_characters"


class Extractor(Protocol):
    """Proposes records; the gate decides about them."""

    def fingerprint(self, instructions: str, tables: frozenset[Table]) -> str:
        """SHA-256 (hex) over all that decides what comes out of an unchanged document."""
        ...

    def forecast(
        self, sizes: Sequence[int], *, instructions: str, tables: frozenset[Table]
    ) -> Forecast:
        """What files of these sizes (bytes) may take, roughly."""
        ...

    async def warm(self) -> None:
        """Load what extraction needs, off the loop; else the first `extract` waits for it."""
        ...

    async def extract(
        self,
        document: Document,
        *,
        instructions: str,
        tables: frozenset[Table],
        context: DeviceContext | None,
        account: CallAccount,
    ) -> Extraction:
        """The candidates of one document and the calls made for them.

        No table, no call. Raises ModelError, BudgetReached or ExtractionHalted (the account lets
        no new call start), each with the `calls` made so far.
        """
        ...


class EmbeddedExtractor:
    """Rules: no model, no network, no cost."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots

    def fingerprint(self, instructions: str, tables: frozenset[Table]) -> str:
        """See Extractor."""
        return _fingerprint("embedded", embedded.EMBEDDED_VERSION, instructions, tables)

    def forecast(
        self,
        sizes: Sequence[int],  # noqa: ARG002 - rules take no tokens
        *,
        instructions: str,  # noqa: ARG002
        tables: frozenset[Table],  # noqa: ARG002
    ) -> Forecast:
        """See Extractor: nothing."""
        return Forecast(prompt_tokens=0, completion_tokens=0, cost_usd=0.0)

    async def warm(self) -> None:
        """The rules are there from the start."""

    async def extract(
        self,
        document: Document,
        *,
        instructions: str,  # noqa: ARG002 - rules take no wishes
        tables: frozenset[Table],
        context: DeviceContext | None,
        account: CallAccount,  # noqa: ARG002 - and cost nothing
    ) -> Extraction:
        """See Extractor; the rules run in a thread."""
        if not tables:
            return Extraction()
        async with self._slots:
            found = await asyncio.to_thread(embedded.extract, document, tables, context)
        return Extraction(candidates=tuple(found))


class ModelExtractor:
    """A model behind an OpenAI-compatible server."""

    def __init__(
        self, settings: LLMSettings, client: ModelClient, *, keep_calls: KeepCalls
    ) -> None:
        self._settings = settings
        self._client = client
        self._keep_calls = keep_calls

    def fingerprint(self, instructions: str, tables: frozenset[Table]) -> str:
        """See Extractor."""
        name = f"{self._settings.provider}/{self._settings.model}"
        return _fingerprint(name, PROMPT_VERSION, instructions, tables)

    def forecast(
        self, sizes: Sequence[int], *, instructions: str, tables: frozenset[Table]
    ) -> Forecast:
        """See Extractor. A chunk's answer is taken to have ANSWER_TOKENS."""
        size = self._settings.chunk_characters
        chunks = sum(max(1, math.ceil(each / size)) for each in sizes) if tables else 0
        framing = estimated_tokens(framing_text(instructions=instructions, tables=tables))
        prompt = chunks * framing + estimated_tokens_of_bytes(sum(sizes) if tables else 0)
        completion = chunks * min(ANSWER_TOKENS, self._settings.max_tokens)
        return Forecast(
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost_usd=self._client.cost(prompt, completion),
        )

    async def warm(self) -> None:
        """Load the client library in a thread."""
        await self._client.load()

    async def extract(
        self,
        document: Document,
        *,
        instructions: str,
        tables: frozenset[Table],
        context: DeviceContext | None,
        account: CallAccount,
    ) -> Extraction:
        """See Extractor. After a chunk has failed, no further one is begun."""
        if not tables:
            return Extraction()
        size = self._settings.chunk_characters
        chunks = await asyncio.to_thread(split, document.text, size=size)
        task = _Reading(self._client, document, instructions, tables, context, account)
        found: list[list[Candidate]] = [[] for _ in chunks]
        waiting = iter(enumerate(chunks))
        failures: list[ModelError | BudgetReached | ExtractionHalted] = []

        async def read_some() -> None:
            for index, chunk in waiting:
                if failures:
                    return
                try:
                    found[index] = await task.read(chunk)
                except (ModelError, BudgetReached, ExtractionHalted) as failure:
                    failures.append(failure)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._settings.concurrency, len(chunks))):
                    group.create_task(read_some())
        except asyncio.CancelledError:
            if task.calls:
                await self._keep_calls(account, document.path, tuple(task.calls))
            raise
        if failures:
            failures[0].calls = tuple(task.calls)
            raise failures[0]
        return Extraction(candidates=tuple(merge(found)), calls=tuple(task.calls))


class _Reading:
    """One document on its way through the model; `calls` are those made so far."""

    def __init__(
        self,
        client: ModelClient,
        document: Document,
        instructions: str,
        tables: Collection[Table],
        context: DeviceContext | None,
        account: CallAccount,
    ) -> None:
        self._client = client
        self._document = document
        self._instructions = instructions
        self._tables = tables
        self._context = context
        self._account = account
        self._schema = answer_schema(tables)
        self.calls: list[LLMCall] = []

    async def read(self, chunk: Chunk, *, whole: bool = True) -> list[Candidate]:
        """The located candidates of a chunk.

        An answer that runs into the token limit is thrown away: records may be missing from it.
        The chunk is then read once more in parts.
        """
        if not any(map(str.isalnum, chunk.text)):
            return []
        messages = first_messages(
            self._document,
            chunk.text,
            instructions=self._instructions,
            tables=self._tables,
            context=self._context,
        )
        try:
            candidates = await self._ask(messages, chunk.text)
        except TruncatedAnswer as error:
            if not whole:
                raise ModelError(_NO_ROOM.format(error)) from error
            return await self._read_in_parts(chunk)
        except AnswerError as error:
            try:
                candidates = await self._ask(
                    repair_messages(messages, error.answer, str(error)), chunk.text
                )
            except AnswerError as again:
                raise ModelError(f"the model's answer is no use, even repaired: {again}") from again
        return located(chunk, candidates)

    async def _read_in_parts(self, chunk: Chunk) -> list[Candidate]:
        parts = [
            Chunk(start=chunk.start + part.start, text=part.text)
            for part in split(chunk.text, size=len(chunk.text) * 2 // 3 + 1)
        ]
        return merge([await self.read(part, whole=False) for part in parts])

    async def _ask(self, messages: list[Message], passage: str) -> list[Candidate]:
        """The candidates of one answer; raises AnswerError. Accounts for every call."""
        question = Question(
            messages=messages, passage=passage, schema=self._schema, account=self._account
        )
        try:
            answer = await self._client.ask(question)
        finally:
            self.calls += question.failed
        try:
            candidates = parse_answer(answer.text, truncated=answer.truncated)
        except AnswerError as error:
            self.calls.append(replace(answer.call, success=False, error=str(error)))
            raise
        self.calls.append(answer.call)
        return candidates


def _fingerprint(name: str, version: str, instructions: str, tables: frozenset[Table]) -> str:
    parts = [name, version, instructions, sorted(tables), GATE_VERSION]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
