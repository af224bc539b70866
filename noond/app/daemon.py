"""The composition root: every part is made here, gets what it uses, and is ended in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from noond import sd_notify
from noond.accounts.access_tokens import AccessTokens
from noond.accounts.audit import AuditLog
from noond.accounts.cli_file import update_cli_file
from noond.accounts.datadir import DataDirectory
from noond.accounts.devices import Devices
from noond.accounts.keys import APIKeys
from noond.accounts.pairing import Pairing
from noond.accounts.passwords import Passwords
from noond.accounts.request_log import RequestLog
from noond.accounts.sign_in import SignIns
from noond.accounts.users import Users
from noond.api.application import build_application
from noond.api.event_feed import EventFeed
from noond.api.exposition import Exposition
from noond.api.network import check_bind
from noond.api.serving import handling, listening, tls_context
from noond.api.streams import Streams
from noond.app.chat import open_chat
from noond.app.checks import check_database, check_disk, writer_alive
from noond.app.device_border import device_server, greeting
from noond.assistant.acts import acts
from noond.assistant.desk import chat_desk
from noond.assistant.lookups import lookups
from noond.clock import Clock, SystemClock
from noond.config import Settings
from noond.events import EventBus
from noond.findings.findings import Findings
from noond.findings.watch import Watch
from noond.hub.hub import Hub
from noond.hub.socket import CLOSE_TOKEN
from noond.insights.analytics import Analytics
from noond.jobs.engine import JobEngine
from noond.jobs.listeners import JobListeners
from noond.jobs.policy import JobType
from noond.jobs.telling import JobEvents
from noond.jobs.traced import TracedJob
from noond.llm.documents.converter import DocumentConverter
from noond.llm.opening import open_readers
from noond.llm.usage import Budget
from noond.metrics import Metrics
from noond.runners.agents import Agents
from noond.runners.execution import RunExecutor
from noond.runners.notices import Notices
from noond.runners.outbox import Outbox
from noond.runners.pipeline import Pipeline
from noond.runners.previews import Previews
from noond.runners.progress import Progress
from noond.runners.reconnect import Reconnect
from noond.runners.reviews import Reviews
from noond.runners.runs import Runs
from noond.runners.usage import Usage, budget_warnings, keep_calls_in, spent_in
from noond.runners.watchdog import ScheduleWatchdog
from noond.scheduler.ticks import ticking
from noond.store import meta
from noond.store.database import Database
from noond.tasks import Supervisor
from noond.tracing import OFF, open_tracing
from noond.work.jobs import Jobs
from noond.work.registry import cleanup_types, daemon_types, webhook_queue, work_types

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A daemon that runs. `url` is where it answers.

    `warm` ends when what is loaded beside its work, such as the model's client, has been loaded.
    """

    url: str
    warm: asyncio.Task[None]


@asynccontextmanager
async def open_daemon(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Daemon]:
    """Start a daemon; it is ready inside the block and gone after it.

    Raises ConfigError, or an error of the data directory or the database that says what to do.
    """
    check_bind(settings)
    tls = tls_context(settings.server)
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(DataDirectory.open(settings.server.data_dir))
        vault = await asyncio.to_thread(directory.prepare)
        tracing = await stack.enter_async_context(open_tracing(settings.traces))
        metrics = Metrics()
        database = await Database.open(directory.database, on_commit=metrics.commit)
        stack.push_async_callback(database.close)
        tasks = await stack.enter_async_context(Supervisor())
        bus = EventBus(clock=clock)
        daemons_work = daemon_types(settings, database=database, clock=clock)
        findings = Findings(
            database,
            clock,
            bus,
            settings.findings,
            deliver=webhook_queue(settings, clock),
            wake=lambda: engine.wake(),  # noqa: PLW0108 - made below
        )
        await findings.load()
        budget = Budget(
            settings.llm,
            spent=spent_in(database),
            clock=clock,
            warn=budget_warnings(
                bus, lambda seen: tasks.start(findings.saw(seen), name="budget-finding")
            ),
        )
        readers = await stack.enter_async_context(
            open_readers(
                settings.llm,
                clock=clock,
                budget=budget,
                keep_calls=keep_calls_in(database),
                on_call=metrics.model_call,
                tracing=tracing,
            )
        )
        converter = DocumentConverter(temporary=directory.temporary)
        stack.push_async_callback(converter.close)
        progress = Progress(database, bus, tasks)
        reviews = Reviews(database, clock, tasks)
        hub = Hub(
            settings.hub,
            file_bytes=settings.runs.file_bytes,
            tasks=tasks,
            greet=greeting(database, clock),
            # Made below: no device can come before the server listens.
            on_online=lambda *device: device_online(*device),  # noqa: PLW0108
            on_offline=lambda *device: device_offline(*device),  # noqa: PLW0108
            on_review=reviews.receive,
        )
        outbox = Outbox(
            database, clock, hub, tasks, progress, call_seconds=settings.hub.call_seconds
        )
        pipeline = Pipeline(
            database,
            clock,
            readers.extractor,
            converter,
            outbox,
            progress,
            concurrency=settings.llm.concurrency,
        )
        agents = Agents(database, clock)
        chat = open_chat(
            database,
            clock,
            settings,
            bus=bus,
            tasks=tasks,
            dialogue=readers.dialogue,
            agents=agents,
        )
        executor = RunExecutor(
            database, clock, hub, pipeline, outbox, progress, chat.activities, settings.runs
        )
        audit = AuditLog(
            database,
            vault,
            clock=clock,
            archive=directory.archive,
            keep_days=settings.audit.keep_days,
        )
        request_log = await stack.enter_async_context(
            RequestLog(database, settings.log, clock=clock, tasks=tasks)
        )
        usage = Usage(database, clock, budget)
        cleanups = cleanup_types(
            settings,
            database=database,
            clock=clock,
            audit=audit,
            request_log=request_log,
            sessions=chat.sessions,
            activities=chat.activities,
            conversations=chat.conversations,
            temporary=directory.temporary,
        )
        work = work_types(executor, chat.answering, settings, tracing)
        types: list[JobType] = [*work, *daemons_work, *cleanups]
        if tracing is not OFF:
            types = [TracedJob(each, tracing) for each in types]
        watch = Watch(
            database,
            clock,
            findings,
            settings.findings,
            types=[each.name for each in (*work, *daemons_work, *cleanups)],
            daemons=[each.name for each in (*daemons_work, *cleanups)],
            start=partial(tasks.start, name="job-failures"),
        )
        stack.callback(watch.failures.close)
        engine = JobEngine(
            database,
            clock,
            settings.jobs,
            types=types,
            listener=JobListeners(chat.wakes, JobEvents(database, bus, tasks), watch.failures),
        )
        reconnect = Reconnect(database, clock, hub, outbox, tasks, audit, wake=engine.wake)

        def shut_out(user_id: str, device_id: str) -> None:
            hub.disconnect(user_id, device_id, CLOSE_TOKEN, "the device's token has ended")
            reconnect.device_shut_out(user_id, device_id)

        runs = Runs(database, clock, hub, executor, outbox, progress, wake=engine.wake)
        jobs = Jobs(
            database,
            clock,
            engine,
            work=(*work, *daemons_work),
            cleanups=cleanups,
            cancel_run=runs.cancel,
        )
        streams = Streams()
        passwords = Passwords()
        sign_ins = SignIns(
            database,
            passwords,
            AccessTokens(vault, clock=clock),
            clock=clock,
            days=settings.accounts.sign_in_days,
            end_streams=streams.end,
        )
        devices = Devices(database, bus, chat.activities, tasks, clock=clock, close_socket=shut_out)

        async def end_work(user_id: str) -> None:
            await runs.cancel_all(user_id)
            await jobs.keep_schedules()

        users = Users(
            database,
            passwords,
            sign_ins,
            devices,
            clock=clock,
            end_streams=streams.end,
            end_work=end_work,
        )
        chat.toolbox.add(lookups(agents, runs, devices, usage, is_online=hub.is_online))
        chat.toolbox.add(acts(runs))
        await users.clear_up()
        first = await database.write(lambda tx: meta.next_event_number(tx, clock.now()))
        application = build_application(
            settings.server,
            settings.limits,
            database=database,
            clock=clock,
            keys=APIKeys(database, clock=clock, tasks=tasks, end_streams=streams.end),
            sign_ins=sign_ins,
            users=users,
            devices=devices,
            audit=audit,
            request_log=request_log,
            pairing=Pairing(vault, clock=clock),
            agents=agents,
            runs=runs,
            jobs=jobs,
            desk=chat_desk(
                database,
                clock,
                settings.assistant,
                requests=engine,
                wakes=chat.wakes,
                tasks=tasks,
                quotas=chat.quotas,
                conversations=chat.conversations,
                has_model=readers.dialogue is not None,
            ),
            findings=findings,
            reviews=reviews,
            previews=Previews(database, clock, outbox, progress),
            usage=usage,
            sessions=chat.sessions,
            interactions=chat.interactions,
            activities=chat.activities,
            quotas=chat.quotas,
            analytics=Analytics(database, clock),
            metrics=metrics,
            exposition=Exposition(metrics=metrics, database=database, hub=hub),
            bus=bus,
            feed=EventFeed(bus, clock=clock, first=first),
            streams=streams,
            is_online=hub.is_online,
            serve_device=device_server(hub, settings.hub.frame_bytes),
            checks={
                "database": lambda: check_database(database),
                "disk": lambda: check_disk(directory.path),
            },
            hash_key=vault.subkey("request hashes"),
            tracing=tracing,
        )
        runner = await stack.enter_async_context(handling(application))
        notices = Notices(bus, hub, tasks, call_seconds=settings.hub.call_seconds)

        def device_online(user_id: str, device_id: str) -> None:
            notices.device_online(user_id, device_id)
            reconnect.device_online(user_id, device_id)
            devices.came_online(user_id, device_id)

        def device_offline(user_id: str, device_id: str) -> None:
            notices.device_offline(user_id, device_id)
            reconnect.device_offline(user_id, device_id)
            devices.went_offline(user_id, device_id)

        await executor.recover()
        await jobs.keep_schedules()
        await engine.start()

        async def stop_work() -> None:
            # Devices are told first: their runs then end at the file they are at.
            executor.wind_down()
            await hub.close()
            await engine.stop(grace_seconds=settings.server.stop_seconds)

        stack.push_async_callback(stop_work)
        url = await stack.enter_async_context(listening(runner, settings.server, tls))
        await stack.enter_async_context(
            ticking(
                reconnect.tick,
                ScheduleWatchdog(database, clock, hub, bus, findings).tick,
                engine.tick,
                watch.tick,
            )
        )
        await update_cli_file(directory.cli_file, url, database=database, audit=audit, clock=clock)
        warm = tasks.start(readers.extractor.warm(), name="extractor-warm")
        tasks.start(sd_notify.keep_alive(lambda: writer_alive(database)), name="systemd-watchdog")
        yield Daemon(url=url, warm=warm)
