"""Fetch → extract → deliver, once for every kind of agent: files become journaled records.

Files are extracted while others still arrive. One transaction writes a file's ledger entry, its
records and their deliveries; then the file is done, whatever becomes of the deliveries.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import structlog

from noond.clock import Clock
from noond.errors import (
    BudgetReached,
    DocumentError,
    ExtractionHalted,
    ModelError,
    NoondError,
    StorageError,
)
from noond.llm import source
from noond.llm.documents.converter import CONVERTED_EXTENSIONS, DocumentConverter
from noond.llm.embedded import source_text
from noond.llm.extractor import Extractor
from noond.llm.gate import check_candidates
from noond.llm.usage import CallAccount, Forecast
from noond.models.agent import Agent
from noond.models.document import DeviceContext, Document, GateOutcome, LLMCall
from noond.models.preview import ProposedFile, RunMode
from noond.models.run import Run, RunError
from noond.runners.journaling import journal_new, propose
from noond.runners.local import ReceivedFile
from noond.runners.outbox import Outbox
from noond.runners.progress import Progress
from noond.store import journal, ledger, observability, proposals, run_errors, runs, users
from noond.store.database import Database
from noond.store.ledger import KnownFile
from noond.store.rows import Connection, Transaction

log = structlog.get_logger(__name__)


class Files(Protocol):
    """Where a run's files come from."""

    context: DeviceContext | None

    def files(self) -> AsyncGenerator[ReceivedFile | RunError]:
        """Each file as soon as it is there; what can't be read as an error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One execution of a run: what all of its files share.

    `proceed` is cleared when no new model call may start; the first of `halts` ends the
    execution.
    """

    run: Run
    agent: Agent
    files: Files
    extractor: str
    account: CallAccount
    proceed: asyncio.Event
    halts: list[NoondError]
    own_records: frozenset[str]

    def context(self) -> DeviceContext | None:
        """What records may refer to, and what need not be suggested because it exists.

        A dry run is to show what the agent brought before as known, so these tasks (ids in
        `own_records`) are left out for it.
        """
        context = self.files.context
        if context is None or self.run.mode is not RunMode.DRY_RUN:
            return context
        return DeviceContext(
            projects=context.projects,
            tasks=tuple(task for task in context.tasks if task.id not in self.own_records),
        )


class Pipeline:
    """Runs the files of a run through the extractor and the gate into the journal."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        extractor: Extractor,
        converter: DocumentConverter,
        outbox: Outbox,
        progress: Progress,
        *,
        concurrency: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._extractor = extractor
        self._converter = converter
        self._outbox = outbox
        self._progress = progress
        self._concurrency = concurrency

    def fingerprint(self, agent: Agent) -> str:
        """The fingerprint of all that decides what this agent makes of an unchanged file."""
        return self._extractor.fingerprint(agent.prompt_template, frozenset(agent.data_types))

    def forecast(self, agent: Agent, sizes: Sequence[int]) -> Forecast:
        """What files of these sizes (bytes) may take."""
        return self._extractor.forecast(
            sizes, instructions=agent.prompt_template, tables=frozenset(agent.data_types)
        )

    async def process(self, run: Run, agent: Agent, files: Files, proceed: asyncio.Event) -> None:
        """Process every file; returns when all are done or reported.

        When `files` fails or the budget is reached, no further file is started, those under way
        end and are journaled, and then the error is raised. The same when `proceed` was cleared:
        ExtractionHalted.
        """
        user, own_records = await self._database.read(
            lambda c: (
                users.get(c, run.user_id),
                journal.device_records_of_agent(c, run.user_id, run.agent_id),
            )
        )
        work = _Work(
            run=run,
            agent=agent,
            files=files,
            extractor=self.fingerprint(agent),
            account=CallAccount(
                user_id=run.user_id,
                agent_id=agent.id,
                run_id=run.id,
                timezone=user.timezone,
                proceed=proceed,
                low_priority=run.trigger == "schedule",
            ),
            proceed=proceed,
            halts=[],
            own_records=own_records,
        )
        slots = asyncio.Semaphore(self._concurrency)
        async with asyncio.TaskGroup() as group, aclosing(files.files()) as incoming:
            while True:
                # A slot is taken before the next file is: what waits stays with the device.
                await slots.acquire()
                try:
                    item = await anext(incoming, None)
                except NoondError as error:
                    work.halts.append(error)
                if work.halts or item is None:
                    break
                group.create_task(self._one(work, item, slots))
        if work.halts:
            raise work.halts[0]

    async def _one(
        self, work: _Work, item: ReceivedFile | RunError, slots: asyncio.Semaphore
    ) -> None:
        try:
            if isinstance(item, RunError):
                await self._report(work, item)
            else:
                await self._read(work, item)
        except (BudgetReached, ExtractionHalted) as error:
            work.halts.append(error)
            await self._keep_calls(work, item, error.calls)
        except StorageError as error:
            work.halts.append(error)
        except ModelError as error:
            failure = RunError(file=item_path(item), code=error.code, message=error.message)
            await self._report(work, failure, calls=error.calls)
        except Exception as error:
            log.exception("file_failed", run=work.run.id, file=item_path(item))
            message = f"noond failed on this file ({type(error).__name__}); its log says why"
            await self._report(
                work, RunError(file=item_path(item), code="internal", message=message)
            )
        finally:
            slots.release()
            self._progress.touch(work.run.user_id, work.run.id)

    async def _read(self, work: _Work, file: ReceivedFile) -> None:
        run = work.run
        if await self._known(work, file):
            return
        try:
            text = await self._text(file)
        except DocumentError as error:
            await self._report(
                work, RunError(file=file.path, code=error.code, message=error.message)
            )
            return
        if not text.strip():
            await self._database.write(lambda tx: self._skip(tx, work, file))
            return
        if not work.proceed.is_set():
            raise ExtractionHalted
        tables = frozenset(work.agent.data_types)
        document = Document(
            path=file.path,
            text=text,
            sha256=file.sha256,
            reference_at=file.modified_at or self._clock.now(),
            timezone=work.agent.timezone,
        )
        context = work.context()
        extraction = await self._extractor.extract(
            document,
            instructions=work.agent.prompt_template,
            tables=tables,
            context=context,
            account=work.account,
        )
        outcome = await asyncio.to_thread(
            check_candidates,
            extraction.candidates,
            document=document,
            tables=tables,
            context=context,
            default_project_id=work.agent.default_project_id,
        )
        await self._database.write(
            lambda tx: self._store(tx, work, file, outcome, extraction.calls)
        )
        if outcome.records and run.mode is RunMode.FULL:
            self._outbox.journaled(run.user_id, run.device_id)

    async def _known(self, work: _Work, file: ReceivedFile) -> bool:
        """Whether this content is done; a basic device sends every file each time."""
        run = work.run
        user_id, agent_id = run.user_id, run.agent_id

        def find(connection: Connection) -> tuple[KnownFile | None, bool]:
            if proposals.has_file(connection, user_id, run.id, file.path, file.sha256):
                # Read by this very dry run before it was interrupted.
                return KnownFile(
                    sha256=file.sha256,
                    extractor=work.extractor,
                    origin_path=file.path,
                    run_id=run.id,
                ), False
            entry = ledger.find(connection, user_id, agent_id, [file.path]).get(file.path)
            if entry is not None:
                return entry, False
            twin = ledger.find_content(connection, user_id, agent_id, file.sha256, work.extractor)
            return twin, twin is not None

        entry, moved = await self._database.read(find)
        if entry is None or entry.sha256 != file.sha256 or entry.extractor != work.extractor:
            return False

        def store(tx: Transaction) -> None:
            if moved and run.mode is RunMode.FULL:
                ledger.put(tx, user_id, agent_id, file.path, entry, now=self._clock.now())
            if entry.run_id != run.id:
                runs.count_unchanged(tx, user_id, run.id)

        await self._database.write(store)
        return True

    async def _text(self, file: ReceivedFile) -> str:
        """The source text; raises DocumentError."""
        if any(file.path.lower().endswith(extension) for extension in CONVERTED_EXTENSIONS):
            return await self._converter.text(file.raw, path=file.path)
        return await asyncio.to_thread(_plain_text, file)

    def _skip(self, tx: Transaction, work: _Work, file: ReceivedFile) -> None:
        """An empty file is done, too."""
        run = work.run
        runs.count_skipped(tx, run.user_id, run.id)
        if run.mode is RunMode.FULL:
            entry = KnownFile(
                sha256=file.sha256,
                extractor=work.extractor,
                origin_path=file.path,
                run_id=run.id,
            )
            ledger.put(tx, run.user_id, run.agent_id, file.path, entry, now=self._clock.now())

    def _store(
        self,
        tx: Transaction,
        work: _Work,
        file: ReceivedFile,
        outcome: GateOutcome,
        calls: Sequence[LLMCall],
    ) -> None:
        """The file's transaction."""
        run, now = work.run, self._clock.now()
        user_id, agent_id = run.user_id, run.agent_id
        before = ledger.find(tx, user_id, agent_id, [file.path]).get(file.path)
        origin = before.origin_path if before is not None else file.path
        entry = KnownFile(
            sha256=file.sha256, extractor=work.extractor, origin_path=origin, run_id=run.id
        )
        if run.mode is RunMode.DRY_RUN:
            proposed = ProposedFile(
                path=file.path, sha256=file.sha256, extractor=work.extractor, origin_path=origin
            )
            propose(tx, run, proposed, outcome.records, now=now)
        else:
            journal_new(tx, run, file.path, entry, outcome.records, now=now)
            ledger.put(tx, user_id, agent_id, file.path, entry, now=now)
        runs.count_read(tx, user_id, run.id, dropped=outcome.dropped)
        run_errors.clear_file(tx, user_id, run.id, file.path)
        observability.insert_calls(tx, run, file.path, calls)

    async def _keep_calls(
        self, work: _Work, item: ReceivedFile | RunError, calls: Sequence[LLMCall]
    ) -> None:
        """Account for calls of a file that will be read again."""
        if calls:
            await self._database.write(
                lambda tx: observability.insert_calls(tx, work.run, item_path(item), calls)
            )

    async def _report(self, work: _Work, error: RunError, calls: Sequence[LLMCall] = ()) -> None:
        run = work.run

        def store(tx: Transaction) -> None:
            run_errors.put(tx, run.user_id, run.id, error)
            observability.insert_calls(tx, run, error.file, calls)

        try:
            await self._database.write(store)
        except StorageError as failure:
            work.halts.append(failure)


def item_path(item: ReceivedFile | RunError) -> str | None:
    """The path that an item of a run is about."""
    return item.path if isinstance(item, ReceivedFile) else item.file


def _plain_text(file: ReceivedFile) -> str:
    text = source.normalise(source.decode(file.raw))
    return source.normalise(source_text(file.path, text))
