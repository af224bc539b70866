"""A run's progress as server-sent events."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from aiohttp import web
from aiohttp_sse import EventSourceResponse

from noond.api.event_frames import RunProgress
from noond.api.routing import Call, Rate, Reply, Route
from noond.api.streams import Streams
from noond.errors import NotFound, RateLimited
from noond.events import EventBus, Subscription
from noond.models.account import Scope
from noond.runners.progress import TOPIC, progress_of
from noond.runners.runs import Runs

HEARTBEAT_SECONDS: Final = 15.0


class ProgressStream(Reply):
    """One event of the stream."""

    event: Literal["run.progress"]
    data: RunProgress


def routes(
    runs: Runs, bus: EventBus, streams: Streams, *, heartbeat_seconds: float
) -> tuple[Route, ...]:
    """The route of a run's events."""

    async def watch(call: Call) -> web.StreamResponse:
        user_id, run_id = call.user_id, call.path["run_id"]
        # Listening begins before the state is read, so nothing happens unseen in between.
        with streams.open(call.principal), bus.subscribe(user_id, subject=run_id) as events:
            view = await runs.get(user_id, run_id)
            response = EventSourceResponse(ping_interval=heartbeat_seconds)
            await response.prepare(call.request)
            async with response:
                present = progress_of(view.run, errors=len(view.errors))
                await _tell(
                    response, events, RunProgress.model_validate(present), heartbeat_seconds
                )
            return response

    return (
        Route(
            method="GET",
            path="/api/v1/runs/{run_id}/events",
            tag="Runs",
            summary="Watch a run",
            description="Server-sent events `run.progress`: the present state first, then each "
            "change; the stream ends after a final state. Comments keep it alive.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=watch,
            reply=ProgressStream,
            errors=(NotFound, RateLimited),
            media_type="text/event-stream",
            operation_id="watch_run",
        ),
    )


async def _tell(
    response: EventSourceResponse,
    events: Subscription,
    progress: RunProgress,
    heartbeat_seconds: float,
) -> None:
    """Send the progress and what follows it, until the run is final or nobody reads any more."""
    try:
        while True:
            await response.send(progress.model_dump_json(), event=TOPIC)
            if progress.status.final:
                return
            progress = await _next(response, events, heartbeat_seconds)
    except ConnectionResetError:
        return  # the reader has gone


async def _next(
    response: EventSourceResponse, events: Subscription, heartbeat_seconds: float
) -> RunProgress:
    """The next progress; raises ConnectionResetError when a heartbeat found the reader gone."""
    while True:
        try:
            async with asyncio.timeout(heartbeat_seconds):
                event = await events.next()
        except TimeoutError:
            if not response.is_connected():
                raise ConnectionResetError from None
            continue
        if event.topic == TOPIC:
            return RunProgress.model_validate(event.data)
