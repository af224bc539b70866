"""The HTTP application: its routes, registered one by one, behind the border they share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from aiohttp import web

from noond.accounts.activities import Activities
from noond.accounts.agent_sessions import AgentSessions
from noond.accounts.audit import AuditLog
from noond.accounts.devices import Devices
from noond.accounts.interactions import Interactions
from noond.accounts.keys import APIKeys
from noond.accounts.pairing import Pairing
from noond.accounts.quotas import Quotas
from noond.accounts.request_log import RequestLog
from noond.accounts.sign_in import SignIns
from noond.accounts.tickets import Tickets
from noond.accounts.users import Users
from noond.api import parsing
from noond.api.auditing import RequestAudit
from noond.api.authentication import Authentication
from noond.api.dispatch import Dispatcher
from noond.api.event_feed import EventFeed
from noond.api.exposition import Exposition
from noond.api.idempotency import Idempotency
from noond.api.measuring import RequestMetrics
from noond.api.middleware import Frontier, add_headers
from noond.api.network import NetworkPolicy
from noond.api.rates import FailureThrottle, RequestRates
from noond.api.request_logging import RequestLogging
from noond.api.routes import activities as activity_routes
from noond.api.routes import (
    agent_batches,
    agent_streams,
    agent_tasks,
    auth,
    documents,
    event_socket,
    health,
    job_engine,
    request_logs,
    run_events,
    socket,
    stats,
)
from noond.api.routes import agent_sessions as session_routes
from noond.api.routes import agents as agent_routes
from noond.api.routes import analytics as analytics_routes
from noond.api.routes import api_keys as key_routes
from noond.api.routes import audit as audit_routes
from noond.api.routes import conversations as conversation_routes
from noond.api.routes import devices as device_routes
from noond.api.routes import findings as finding_routes
from noond.api.routes import invocations as invocation_routes
from noond.api.routes import jobs as job_routes
from noond.api.routes import metrics as metrics_routes
from noond.api.routes import pairing as pairing_routes
from noond.api.routes import previews as preview_routes
from noond.api.routes import runs as run_routes
from noond.api.routes import schedules as schedule_routes
from noond.api.routes import tickets as ticket_routes
from noond.api.routes import usage as usage_routes
from noond.api.routes import users as user_routes
from noond.api.routes.devices import IsOnline
from noond.api.routes.health import Check
from noond.api.routes.socket import ServeDevice
from noond.api.routing import Route
from noond.api.streams import Streams
from noond.api.tracing import RequestTraces
from noond.assistant.desk import ChatDesk
from noond.clock import Clock
from noond.config import LimitSettings, ServerSettings
from noond.events import EventBus
from noond.findings.findings import Findings
from noond.insights.analytics import Analytics
from noond.metrics import Metrics
from noond.runners.agents import Agents
from noond.runners.previews import Previews
from noond.runners.reviews import Reviews
from noond.runners.runs import Runs
from noond.runners.usage import Usage
from noond.store.database import Database
from noond.tracing import OFF, Tracing
from noond.work.jobs import Jobs

ROUTES = web.AppKey("routes", tuple[Route, ...])
"""The declarations of all routes."""


def build_application(
    server: ServerSettings,
    limits: LimitSettings,
    *,
    database: Database,
    clock: Clock,
    keys: APIKeys,
    sign_ins: SignIns,
    users: Users,
    devices: Devices,
    audit: AuditLog,
    request_log: RequestLog,
    pairing: Pairing,
    agents: Agents,
    runs: Runs,
    jobs: Jobs,
    desk: ChatDesk,
    findings: Findings,
    reviews: Reviews,
    previews: Previews,
    usage: Usage,
    sessions: AgentSessions,
    interactions: Interactions,
    activities: Activities,
    quotas: Quotas,
    analytics: Analytics,
    metrics: Metrics,
    exposition: Exposition,
    bus: EventBus,
    feed: EventFeed,
    streams: Streams,
    is_online: IsOnline,
    serve_device: ServeDevice,
    checks: Mapping[str, Check],
    hash_key: bytes,
    tracing: Tracing = OFF,
    heartbeat_seconds: float = run_events.HEARTBEAT_SECONDS,
    body_seconds: float = parsing.BODY_SECONDS,
) -> web.Application:
    """The application, ready for a runner that was made with `auto_decompress=False`.

    `hash_key` keeps what is stored of a request's content from being guessed from: it may hold a
    password.

    Raises ConfigError for server settings that can't be understood.
    """
    failures = FailureThrottle(limits.failures_per_minute, clock=clock)
    tickets = Tickets(clock=clock)
    authentication = Authentication(keys, sign_ins, tickets, devices, failures)
    idempotency = Idempotency(database, clock=clock)
    submission = invocation_routes.Submission(desk.invocations, idempotency, clock)
    request_audit = RequestAudit(audit, clock=clock)
    routes: tuple[Route, ...] = (
        *health.routes(checks),
        *metrics_routes.routes(exposition),
        *auth.routes(sign_ins, users, failures, clock),
        *user_routes.routes(users, idempotency),
        *key_routes.routes(keys, idempotency),
        *pairing_routes.routes(database, pairing, devices, idempotency, failures),
        *device_routes.routes(devices, idempotency, is_online=is_online),
        *socket.routes(authentication, request_audit.device_let_in, serve_device),
        *invocation_routes.routes(submission, desk.tasks, clock),
        *agent_batches.routes(desk.invocations, desk.tasks, idempotency),
        *agent_streams.routes(
            submission,
            desk.tasks,
            streams,
            heartbeat_seconds=heartbeat_seconds,
        ),
        *agent_tasks.routes(desk.tasks),
        *conversation_routes.routes(desk.conversations, idempotency),
        *schedule_routes.routes(desk.schedules, idempotency),
        *agent_routes.routes(agents, runs, desk.invocations, idempotency),
        *stats.routes(reviews),
        *run_routes.routes(runs),
        *preview_routes.routes(previews),
        *usage_routes.routes(usage),
        *session_routes.routes(sessions, activities, idempotency),
        *activity_routes.routes(sessions, interactions, activities, quotas),
        *analytics_routes.routes(analytics),
        *run_events.routes(runs, bus, streams, heartbeat_seconds=heartbeat_seconds),
        *job_engine.routes(jobs),
        *job_routes.routes(jobs),
        *finding_routes.routes(findings),
        *ticket_routes.routes(tickets),
        *event_socket.routes(
            authentication, feed, streams, clock, heartbeat_seconds=heartbeat_seconds
        ),
        *audit_routes.routes(audit),
        *request_logs.routes(request_log),
        *documents.routes(lambda: routes, limits),
    )
    dispatcher = Dispatcher(
        limits,
        authentication,
        RequestRates(clock=clock),
        request_audit,
        RequestLogging(request_log, clock=clock),
        body_seconds=body_seconds,
        hash_key=hash_key,
    )
    measured = RequestMetrics(metrics, clock=clock)
    traced = [] if tracing is OFF else [RequestTraces(tracing).trace]
    application = web.Application(
        middlewares=[measured.measure, *traced, Frontier(NetworkPolicy(server)).cross]
    )
    for route in routes:
        application.router.add_route(route.method, route.path, partial(dispatcher.dispatch, route))
    application[ROUTES] = routes
    application.on_response_prepare.append(add_headers)
    application.on_shutdown.append(streams.close)
    return application
