"""One execution of a run, from where the last one left it to its end or to what it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from noond.accounts.activities import Activities
from noond.clock import Clock
from noond.config import RunSettings
from noond.errors import (
    BudgetReached,
    DeviceOffline,
    ExtractionHalted,
    NotFound,
    StorageError,
)
from noond.hub.frames import AgentCancel
from noond.hub.hub import Hub
from noond.hub.socket import CLOSE_BAD_FRAMES, CLOSE_TOO_LARGE
from noond.hub.streams import (
    CreditExceeded,
    RunStream,
    SequenceGap,
    StreamDisconnected,
    StreamSilent,
)
from noond.models.activity import Activity
from noond.models.agent import Agent
from noond.models.preview import Estimate, RunMode
from noond.models.run import Run, RunError, RunStatus, WaitingFor
from noond.runners import outcome
from noond.runners.local import Comparison, LocalFiles
from noond.runners.outbox import Outbox
from noond.runners.pipeline import Pipeline
from noond.runners.progress import Progress
from noond.store import agents, devices, journal, run_errors, runs
from noond.store.database import Database
from noond.store.rows import Transaction

log = structlog.get_logger(__name__)

_STORE_RETRY = timedelta(seconds=10)
_CANCEL_SECONDS = 1.0
_FATAL_CLOSES = {
    CLOSE_TOO_LARGE: ("frame_too_large", "the device sent a message above hub.frame_bytes"),
    CLOSE_BAD_FRAMES: ("bad_frames", "the device sent too many invalid frames"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """The run goes on at that time, or when `ready` (asked anew at each chance) says so."""

    until: datetime
    ready: Callable[[], bool] | None = None


class RunExecutor:
    """Executes runs and ends them; a run that is executing can be cancelled."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hub: Hub,
        pipeline: Pipeline,
        outbox: Outbox,
        progress: Progress,
        activities: Activities,
        settings: RunSettings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._hub = hub
        self._pipeline = pipeline
        self._outbox = outbox
        self._progress = progress
        self._activities = activities
        self._settings = settings
        self._executing: dict[str, asyncio.Task[Pause | None]] = {}
        self._cancelled: set[str] = set()
        self._proceeds: set[asyncio.Event] = set()
        self._stopping = False

    async def recover(self) -> None:
        """At start: what a dead daemon was working on is queued again."""

        def requeue(tx: Transaction) -> int:
            orphans = runs.list_running_all_users(tx)
            for run in orphans:
                runs.requeue(tx, run.user_id, run.id)
            return len(orphans)

        count = await self._database.write(requeue)
        if count:
            log.info("runs_recovered", count=count)

    def wind_down(self) -> None:
        """The daemon stops: begin no further file; those under way may end."""
        self._stopping = True
        for proceed in self._proceeds:
            proceed.clear()

    async def cancel(self, run_id: str) -> bool:
        """End the run's present execution; False when it has not stopped within a second."""
        task = self._executing.get(run_id)
        if task is None:
            return True
        self._cancelled.add(run_id)
        task.cancel()
        await asyncio.wait([task], timeout=_CANCEL_SECONDS)
        return task.done()

    async def execute(self, user_id: str, run_id: str) -> Pause | None:
        """Carry the run on; returns what it waits for, or None when it has ended."""
        task = asyncio.create_task(self._execute(user_id, run_id), name=f"run-{run_id}")
        self._executing[run_id] = task
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if run_id in self._cancelled:
                await self._end(user_id, run_id, status=RunStatus.CANCELLED)
                return None
            await self._requeue(user_id, run_id)
            raise
        except StorageError as error:
            log.error("run_not_stored", run=run_id, error=error.message)
            return Pause(until=self._clock.now() + _STORE_RETRY)
        finally:
            del self._executing[run_id]
            self._cancelled.discard(run_id)
            self._progress.touch(user_id, run_id)

    async def fail(self, user_id: str, run_id: str, error: RunError) -> None:
        """End the run with an error that concerns all of it."""
        await self._end(user_id, run_id, error=error)

    async def _interrupt(self, user_id: str, run_id: str, error: RunError) -> None:
        """End a run that can never go on."""
        await self._end(user_id, run_id, error=error, status=RunStatus.INTERRUPTED)

    async def _execute(self, user_id: str, run_id: str) -> Pause | None:
        run = await self._database.read(lambda c: runs.get(c, user_id, run_id))
        if run.status.final:
            return None
        if run.cancel_requested:
            await self._end(user_id, run_id, status=RunStatus.CANCELLED)
            return None
        try:
            agent = await self._database.read(lambda c: agents.get(c, user_id, run.agent_id))
        except NotFound:
            gone = RunError(file=None, code="agent_deleted", message="the agent was deleted")
            await self._interrupt(user_id, run_id, gone)
            return None
        if run.read_at is None:
            if not self._hub.is_online(user_id, run.device_id):
                return await self._await_device(run, agent)
            pause = await self._read_files(run, agent)
            if pause is not None:
                return pause
        return await self._await_deliveries(run, agent)

    async def _read_files(self, run: Run, agent: Agent) -> Pause | None:
        """Read the device's files. None: done, or ended for good."""

        def begin(tx: Transaction) -> None:
            if run.started_at is None and run.mode is RunMode.FULL:
                journal.retry_failed_of_agent(tx, run.user_id, run.agent_id)
            runs.set_running(tx, run.user_id, run.id, now=self._clock.now())
            runs.set_waiting(tx, run.user_id, run.id, "files", now=self._clock.now())
            runs.reset_counts(tx, run.user_id, run.id)

        await self._database.write(begin)
        self._progress.touch(run.user_id, run.id)
        self._outbox.journaled(run.user_id, run.device_id)
        try:
            stream = self._hub.open_stream(run.user_id, run.device_id, run.id)
        except DeviceOffline:
            return await self._await_device(run, agent)
        try:
            await self._process(run, agent, stream)
        except (StreamDisconnected, ExtractionHalted):
            if self._stopping:
                await self._requeue(run.user_id, run.id)
                return Pause(until=self._clock.now())
            return await self._device_left(run, agent, stream.connection.close_code)
        except BudgetReached as error:
            log.warning("run_waits_for_money", run=run.id, reason=error.message)
            await self._wait(run, "budget", error.message)
            return Pause(until=error.until)
        except StreamSilent as error:
            await self._note(run, RunError(file=None, code=error.code, message=error.message))
        except (SequenceGap, CreditExceeded) as error:
            await self.fail(
                run.user_id, run.id, RunError(file=None, code=error.code, message=error.message)
            )
            return None
        except asyncio.CancelledError:
            if "cancel" in stream.connection.capabilities:
                stream.send(AgentCancel(run_id=run.id))
            raise
        finally:
            self._hub.close_stream(stream)
        await self._database.write(
            lambda tx: runs.set_read(tx, run.user_id, run.id, now=self._clock.now())
        )
        return None

    async def _process(self, run: Run, agent: Agent, stream: RunStream) -> None:
        files = LocalFiles(
            stream,
            self._database,
            self._clock,
            run=run,
            agent=agent,
            extractor=self._pipeline.fingerprint(agent),
            file_bytes=self._settings.file_bytes,
            silence_seconds=self._settings.silence_seconds,
            on_first_frame=lambda: self._started(run),
        )
        proceed = asyncio.Event()
        if not self._stopping:
            proceed.set()

        async def stop_calls_when_gone() -> None:
            await stream.connection.gone.wait()
            proceed.clear()

        watch = asyncio.create_task(stop_calls_when_gone(), name=f"run-device-{run.id}")
        self._proceeds.add(proceed)
        try:
            await self._pipeline.process(run, agent, files, proceed)
            if run.mode is RunMode.ESTIMATE:
                await self._store_estimate(run, agent, files.comparison)
        finally:
            self._proceeds.discard(proceed)
            watch.cancel()

    async def _store_estimate(self, run: Run, agent: Agent, comparison: Comparison | None) -> None:
        if comparison is None:
            message = "an estimate needs a device with the capability `manifest`"
            await self._note(run, RunError(file=None, code="needs_manifest", message=message))
            return
        sizes = [file.size for file in comparison.wanted]
        forecast = self._pipeline.forecast(agent, sizes)
        estimate = Estimate(
            files_new=comparison.new,
            files_changed=len(comparison.wanted) - comparison.new,
            files_unchanged=comparison.unchanged,
            bytes_to_read=sum(sizes),
            prompt_tokens=forecast.prompt_tokens,
            completion_tokens=forecast.completion_tokens,
            cost_usd=forecast.cost_usd,
        )
        await self._database.write(lambda tx: runs.set_estimate(tx, run.user_id, run.id, estimate))

    async def _started(self, run: Run) -> None:
        """The device sends: the run waits for files no more."""
        await self._database.write(
            lambda tx: runs.set_running(tx, run.user_id, run.id, now=self._clock.now())
        )
        self._progress.touch(run.user_id, run.id)

    async def _device_left(self, run: Run, agent: Agent, close_code: int | None) -> Pause | None:
        fatal = _FATAL_CLOSES.get(close_code or 0)
        if fatal is not None:
            code, message = fatal
            await self.fail(run.user_id, run.id, RunError(file=None, code=code, message=message))
            return None
        return await self._await_device(run, agent)

    async def _await_device(self, run: Run, agent: Agent) -> Pause | None:
        """Wait for the device, `max_age_hours` of the agent at most."""
        device = await self._database.read(lambda c: devices.find(c, run.user_id, run.device_id))
        if device is None:
            message = "the device was removed; give the agent another one"
            revoked = RunError(file=None, code="device_revoked", message=message)
            await self._interrupt(run.user_id, run.id, revoked)
            return None
        now = self._clock.now()
        since = run.waiting_since if run.waiting_for == "device" and run.waiting_since else now
        expires_at = since + timedelta(hours=agent.max_age_hours)
        if now >= expires_at:
            expired = RunError(
                file=None,
                code="expired",
                message=f"the device was away for {agent.max_age_hours} h",
            )
            await self.fail(run.user_id, run.id, expired)
            return None
        await self._wait(run, "device")
        return Pause(
            until=expires_at, ready=lambda: self._hub.is_online(run.user_id, run.device_id)
        )

    async def _await_deliveries(self, run: Run, agent: Agent) -> Pause | None:
        user_id, run_id = run.user_id, run.id
        while await self._database.read(
            lambda c: journal.counts_of_run(c, user_id, run_id).pending
        ):
            if not self._hub.is_online(user_id, run.device_id):
                return await self._await_device(run, agent)
            self._outbox.journaled(user_id, run.device_id)
            await self._outbox.drained(user_id, run.device_id)
        await self._end(user_id, run_id)
        return None

    async def _wait(self, run: Run, waiting_for: WaitingFor, note: str | None = None) -> None:
        now = self._clock.now()
        await self._database.write(
            lambda tx: runs.set_waiting(tx, run.user_id, run.id, waiting_for, now=now, note=note)
        )
        self._progress.touch(run.user_id, run.id)

    async def _requeue(self, user_id: str, run_id: str) -> None:
        await self._database.write(lambda tx: runs.requeue(tx, user_id, run_id))

    async def _note(self, run: Run, error: RunError) -> None:
        await self._database.write(lambda tx: run_errors.put(tx, run.user_id, run.id, error))

    async def _end(
        self,
        user_id: str,
        run_id: str,
        *,
        error: RunError | None = None,
        status: RunStatus | None = None,
    ) -> None:
        def store(tx: Transaction) -> Activity | None:
            if error is not None:
                run_errors.put(tx, user_id, run_id, error)
            if not outcome.finish(tx, user_id, run_id, now=self._clock.now(), status=status):
                return None
            return outcome.log_failure(tx, user_id, run_id, self._activities)

        self._activities.told(await self._database.write(store))
        self._progress.touch(user_id, run_id)
        log.info("run_ended", run=run_id)
