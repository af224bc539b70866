from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from argon2.profiles import CHEAPEST
from new_database import new_database
from workshop import Handler

from noond.accounts.access_tokens import AccessTokens
from noond.accounts.activities import Activities
from noond.accounts.agent_sessions import AgentSessions
from noond.accounts.audit import AuditLog
from noond.accounts.devices import Devices
from noond.accounts.interactions import Interactions
from noond.accounts.keys import APIKeys, new_api_key
from noond.accounts.pairing import Pairing
from noond.accounts.passwords import Passwords
from noond.accounts.quotas import Quotas
from noond.accounts.request_log import RequestLog
from noond.accounts.sign_in import SignIns
from noond.accounts.users import Users
from noond.accounts.vault import Vault
from noond.api.application import ROUTES, build_application
from noond.api.event_feed import EventFeed
from noond.api.exposition import Exposition
from noond.api.routing import Route
from noond.api.streams import Streams
from noond.assistant.acts import acts
from noond.assistant.answering import Answering
from noond.assistant.conversations import Conversations
from noond.assistant.desk import chat_desk
from noond.assistant.diary import Diary
from noond.assistant.lookups import lookups
from noond.assistant.telling import Wakes
from noond.assistant.tools import Toolbox
from noond.config import (
    AssistantSettings,
    FindingSettings,
    HubSettings,
    JobSettings,
    LimitSettings,
    LLMSettings,
    LogSettings,
    ServerSettings,
    Settings,
)
from noond.events import EventBus
from noond.findings.findings import Findings
from noond.hub.frames import DeviceHello
from noond.hub.hub import Hub
from noond.insights.analytics import Analytics
from noond.jobs.engine import JobEngine
from noond.jobs.listeners import JobListeners
from noond.jobs.telling import JobEvents
from noond.llm.dialogue import DialogueClient
from noond.llm.usage import Budget
from noond.metrics import Metrics
from noond.models.account import Role, User
from noond.models.device import Device
from noond.runners.agents import Agents
from noond.runners.execution import RunExecutor
from noond.runners.outbox import Outbox
from noond.runners.previews import Previews
from noond.runners.progress import Progress
from noond.runners.reviews import Reviews
from noond.runners.runs import Runs
from noond.runners.usage import Usage, budget_warnings, spent_in
from noond.store import api_keys, devices, users
from noond.store.database import Database
from noond.tasks import Supervisor
from noond.work.agent_invocation import AgentInvocationJob, AgentStreamingJob
from noond.work.jobs import Jobs
from noond.work.registry import cleanup_types

CLOSE_TOKEN = 4101
FIRST_EVENT = 1_000_000


class ManualClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 20, 8, tzinfo=UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        self._now += by
        self._monotonic += by.total_seconds()


class NothingExecutes:
    """Stands for the engine: no run is executing."""

    async def cancel(self, _run_id: str) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the daemon replied."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(slots=True, kw_only=True)
class World:
    """A running API over real SQLite, with `ana`, an owner, and `ben`, a user."""

    clock: ManualClock
    database: Database
    bus: EventBus
    hub: Hub
    agents: Agents
    runs: Runs
    users: Users
    jobs: Jobs
    engine: JobEngine
    findings: Findings
    handler: Handler
    audit: AuditLog
    request_log: RequestLog
    metrics: Metrics
    url: str
    routes: tuple[Route, ...]
    session: aiohttp.ClientSession
    runner: web.AppRunner
    streams: Streams
    keys: dict[str, str] = field(default_factory=dict)
    woken: list[None] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def send(
        self,
        method: str,
        path: str,
        *,
        key: str | None = "ana",
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request with the credential called `key`, or none."""
        sent = dict(headers or {})
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {self.keys.get(key, key)}")
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(
            method, self.url + path, json=json, data=data, headers=sent, allow_redirects=False
        ) as reply:
            return Answer(status=reply.status, headers=reply.headers, text=await reply.text())

    async def raw(self, request: bytes) -> Answer:
        """Send these very bytes on a connection of their own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().strip()
            status, *lines = head.split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            body = await reader.readexactly(int(headers.get("Content-Length", "0")))
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        return Answer(status=int(status.split()[1]), headers=headers, text=body.decode())

    async def add_user(self, name: str, role: Role) -> None:
        """Store a user who has a key, under their name, that may do all they may."""
        user = User(
            id=name, name=name, timezone="Europe/Berlin", created_at=self.clock.now(), role=role
        )
        await self.database.write(partial(users.insert, user=user))
        await self.add_key(name, name, "admin")

    async def set_password(self, name: str, password: str) -> None:
        """Give a user a password."""
        path = f"/api/v1/users/{name}/password"
        reply = await self.send("POST", path, key="ana", json={"password": password})
        assert reply.status == 204, reply.text

    async def sign_in(self, name: str, password: str) -> dict[str, Any]:
        """Sign in; the access token is a key of `send` under the user's name with a `+`."""
        body = {"name": name, "password": password}
        reply = await self.send("POST", "/api/v1/auth/login", key=None, json=body)
        assert reply.status == 200, reply.text
        self.keys[f"{name}+"] = reply.json["access_token"]
        return cast("dict[str, Any]", reply.json)

    async def add_key(self, name: str, user_id: str, *scopes: str, **changes: Any) -> None:
        """Store an API key under a name that `send` takes."""
        token, key = new_api_key(user_id, name=name, scopes=frozenset(scopes), now=self.clock.now())
        key = replace(key, **changes)
        await self.database.write(lambda tx: api_keys.insert(tx, key, token.hash))
        self.keys[name] = token.secret

    async def new_code(self, device_id: str | None = None, *, key: str = "ana") -> str:
        body = {} if device_id is None else {"device_id": device_id}
        made = await self.send("POST", "/api/v1/devices/pairings", key=key, json=body)
        assert made.status == 201, made.text
        return str(made.json["code"])

    async def pair(self, device_id: str, *, key: str = "ana") -> str:
        """Let a device in; returns its token."""
        code = await self.new_code(device_id, key=key)
        body = {"code": code, "device_id": device_id, "name": f"{key}'s {device_id}"}
        paired = await self.send("POST", "/api/v1/devices/pair", key=None, json=body)
        assert paired.status == 201, paired.text
        return str(paired.json["device_token"])

    async def new_agent(self, *, key: str = "ana", **changes: Any) -> dict[str, Any]:
        """Make an agent on the device `laptop`."""
        body = {
            "name": "Notes",
            "device_id": "laptop",
            "directory_paths": ["~/Notes"],
            "file_extensions": ["md"],
            "data_types": ["tasks"],
            **changes,
        }
        made = await self.send("POST", "/api/v1/agents", key=key, json=body)
        assert made.status == 201, made.text
        return cast("dict[str, Any]", made.json)

    def connect(self, token: str, **options: Any) -> Any:
        """Open the device socket."""
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        options.setdefault("protocols", ["noond.v1"])
        return self.session.ws_connect(f"{self.url}/ws/device", headers=headers, **options)


@pytest.fixture
def server_settings() -> ServerSettings:
    return ServerSettings()


@pytest.fixture
def limit_settings() -> LimitSettings:
    return LimitSettings()


@pytest.fixture
def log_settings() -> LogSettings:
    return LogSettings()


@pytest.fixture
def llm_settings() -> LLMSettings:
    return LLMSettings()


@pytest.fixture
def assistant_settings() -> AssistantSettings:
    return AssistantSettings()


@pytest.fixture
def job_settings() -> JobSettings:
    return JobSettings(rates={}, cancel_seconds=30)


@pytest.fixture
def dialogue() -> DialogueClient | None:
    return None


@pytest.fixture
def heartbeat_seconds() -> float:
    return 15


@pytest.fixture
def event_bytes() -> int:
    return 1024 * 1024


@pytest.fixture
def body_seconds() -> float:
    return 30


@pytest.fixture
async def world(
    tmp_path: Path,
    server_settings: ServerSettings,
    limit_settings: LimitSettings,
    log_settings: LogSettings,
    llm_settings: LLMSettings,
    assistant_settings: AssistantSettings,
    job_settings: JobSettings,
    dialogue: DialogueClient | None,
    heartbeat_seconds: float,
    event_bytes: int,
    body_seconds: float,
) -> AsyncIterator[World]:
    clock = ManualClock()
    path = tmp_path / "noond.db"
    new_database(path)
    async with AsyncExitStack() as stack:
        metrics = Metrics()
        database = await Database.open(path, on_commit=metrics.commit)
        stack.push_async_callback(database.close)
        tasks = await stack.enter_async_context(Supervisor())
        bus = EventBus(clock=clock)

        async def greet(user_id: str, hello: DeviceHello) -> int | None:
            known = await database.write(
                lambda tx: devices.greet(
                    tx,
                    user_id,
                    hello.device_id,
                    name=hello.name,
                    platform=hello.platform,
                    app_version=hello.app_version,
                    capabilities=frozenset(hello.capabilities),
                    now=clock.now(),
                )
            )
            return 0 if known else None

        hub = Hub(
            HubSettings(),
            file_bytes=1_000_000,
            tasks=tasks,
            greet=greet,
            on_online=lambda *device: own_devices.came_online(*device),  # noqa: PLW0108
            on_offline=lambda *device: own_devices.went_offline(*device),  # noqa: PLW0108
            on_review=lambda *_: None,
        )
        stack.push_async_callback(hub.close)

        async def serve_device(request: web.Request, device: Device) -> web.StreamResponse:
            socket = web.WebSocketResponse(
                protocols=("noond.v1",), autoping=False, compress=False, decode_text=False
            )
            await socket.prepare(request)
            await hub.serve(socket, request.transport, user_id=device.user_id, device_id=device.id)
            return socket

        progress = Progress(database, bus, tasks)
        agents = Agents(database, clock)
        outbox = Outbox(database, clock, hub, tasks, progress, call_seconds=30)
        woken: list[None] = []
        runs = Runs(
            database,
            clock,
            hub,
            cast("RunExecutor", NothingExecutes()),
            outbox,
            progress,
            wake=lambda: woken.append(None),
        )

        vault = Vault(bytes(32))
        streams = Streams()
        passwords = Passwords(CHEAPEST)
        sign_ins = SignIns(
            database,
            passwords,
            AccessTokens(vault, clock=clock),
            clock=clock,
            days=30,
            end_streams=streams.end,
        )
        activities = Activities(database, bus, clock=clock, keep_days=90)
        sessions = AgentSessions(database, activities, clock=clock, idle_hours=24)
        own_devices = Devices(
            database,
            bus,
            activities,
            tasks,
            clock=clock,
            close_socket=lambda user, device: hub.disconnect(
                user, device, CLOSE_TOKEN, "the token ended"
            ),
        )
        own_users = Users(
            database,
            passwords,
            sign_ins,
            own_devices,
            clock=clock,
            end_streams=streams.end,
            end_work=runs.cancel_all,
        )

        audit = AuditLog(database, vault, clock=clock, archive=tmp_path / "archive", keep_days=90)
        request_log = await stack.enter_async_context(
            RequestLog(database, log_settings, clock=clock, tasks=tasks)
        )

        handler = Handler()
        interactions = Interactions(database, activities, clock=clock)
        quotas = Quotas(database, limit_settings, clock=clock)
        conversations = Conversations(
            database, clock, keep_hours=assistant_settings.conversation_hours
        )
        cleanups = cleanup_types(
            Settings(),
            database=database,
            clock=clock,
            audit=audit,
            request_log=request_log,
            sessions=sessions,
            activities=activities,
            conversations=conversations,
            temporary=tmp_path / "tmp",
        )
        findings = Findings(
            database, clock, bus, FindingSettings(), deliver=None, wake=lambda: None
        )
        wakes = Wakes()
        toolbox = Toolbox()
        answering = Answering(
            database,
            clock,
            assistant_settings,
            dialogue=dialogue,
            toolbox=toolbox,
            agents=agents,
            diary=Diary(sessions, interactions, activities),
            quotas=quotas,
            tasks=tasks,
            wakes=wakes,
        )
        chat_types = (
            AgentInvocationJob(answering, job_settings, assistant_settings),
            AgentStreamingJob(answering, job_settings, assistant_settings),
        )
        engine = JobEngine(
            database,
            clock,
            job_settings,
            types=(handler, *chat_types, *cleanups),
            listener=JobListeners(wakes, JobEvents(database, bus, tasks)),
        )
        jobs = Jobs(
            database, clock, engine, work=(handler,), cleanups=cleanups, cancel_run=runs.cancel
        )
        await engine.start()
        stack.push_async_callback(engine.stop, grace_seconds=0)

        async def check_database() -> str | None:
            return database.alarm

        budget = Budget(
            llm_settings,
            spent=spent_in(database),
            clock=clock,
            warn=budget_warnings(bus, lambda _: None),
        )
        usage = Usage(database, clock, budget)
        toolbox.add(lookups(agents, runs, own_devices, usage, is_online=hub.is_online))
        toolbox.add(acts(runs))
        application = build_application(
            server_settings,
            limit_settings,
            database=database,
            clock=clock,
            keys=APIKeys(database, clock=clock, tasks=tasks, end_streams=streams.end),
            sign_ins=sign_ins,
            users=own_users,
            devices=own_devices,
            audit=audit,
            request_log=request_log,
            pairing=Pairing(vault, clock=clock),
            agents=agents,
            runs=runs,
            jobs=jobs,
            desk=chat_desk(
                database,
                clock,
                assistant_settings,
                requests=engine,
                wakes=wakes,
                tasks=tasks,
                quotas=quotas,
                conversations=conversations,
                has_model=dialogue is not None,
            ),
            findings=findings,
            reviews=Reviews(database, clock, tasks),
            previews=Previews(database, clock, outbox, progress),
            usage=usage,
            sessions=sessions,
            interactions=interactions,
            activities=activities,
            quotas=quotas,
            analytics=Analytics(database, clock),
            metrics=metrics,
            exposition=Exposition(metrics=metrics, database=database, hub=hub),
            bus=bus,
            feed=EventFeed(bus, clock=clock, first=FIRST_EVENT, user_bytes=event_bytes),
            streams=streams,
            is_online=hub.is_online,
            serve_device=serve_device,
            checks={"database": check_database},
            hash_key=bytes(32),
            heartbeat_seconds=heartbeat_seconds,
            body_seconds=body_seconds,
        )
        runner = web.AppRunner(application, auto_decompress=False)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        session = await stack.enter_async_context(aiohttp.ClientSession())
        world = World(
            clock=clock,
            database=database,
            bus=bus,
            hub=hub,
            agents=agents,
            runs=runs,
            users=own_users,
            jobs=jobs,
            engine=engine,
            findings=findings,
            handler=handler,
            audit=audit,
            request_log=request_log,
            metrics=metrics,
            url=f"http://127.0.0.1:{port}",
            routes=application[ROUTES],
            session=session,
            runner=runner,
            streams=streams,
            woken=woken,
        )
        await world.add_user("ana", Role.OWNER)
        await world.add_user("ben", Role.USER)
        yield world
