"""Messages that the clock sends to chat agents."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from noond.api.fields import Line, Moment, Name
from noond.api.idempotency import Idempotency, Made
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routes.invocations import AgentId, MessageText, Metadata, SessionId
from noond.api.routing import Answer, Body, Call, Query, Rate, Reply, Route
from noond.assistant.registry import ASSISTANT
from noond.assistant.schedules import MOST_MISSED, Schedules, ScheduleSettings, ScheduleView
from noond.errors import Conflict, IdempotencyConflict, NotFound
from noond.models.account import Scope
from noond.models.invocation import Invocation
from noond.models.job_schedule import CatchUp
from noond.models.request_log import AgentAction
from noond.store.rows import Transaction

_OUTCOMES = {"next_fires"}

Cron = Annotated[
    Line, Field(min_length=1, max_length=200, description="Five fields, as in crontab.")
]
Zone = Annotated[Line | None, Field(max_length=100, description="An IANA name; null for your own.")]
Missed = Annotated[
    CatchUp,
    Field(
        description="What becomes of fires that were missed: `skip`, `latest` (one task for all), "
        "`all` (one for each, the last `most`)."
    ),
]
Most = Annotated[
    int, Field(ge=1, le=MOST_MISSED, description="Missed fires that `all` makes up for.")
]


class NewSchedule(Body):
    """A message and when it is sent."""

    name: Name
    cron: Cron
    timezone: Zone = None
    agent_id: AgentId = ASSISTANT
    message: MessageText
    session_id: SessionId = None
    metadata: Metadata = Field(default_factory=dict)
    missed: Missed = "latest"
    most: Most = 10
    enabled: bool = True


class ScheduleChanges(Body):
    """What is to change of a schedule; what is left out stays."""

    name: Name = Field(default_factory=str)
    cron: Cron = Field(default_factory=str)
    timezone: Zone = Field(default_factory=lambda: None)
    agent_id: AgentId = Field(default_factory=str)
    message: MessageText = Field(default_factory=str)
    session_id: SessionId = Field(default_factory=lambda: None)
    metadata: Metadata = Field(default_factory=dict)
    missed: Missed = Field(default_factory=lambda: "latest")
    most: Most = Field(default_factory=lambda: 1)
    enabled: bool = Field(default_factory=lambda: True)


class ScheduleReply(Reply):
    """A schedule; `next_fires` are the next five, none while it is paused."""

    id: str
    name: str
    cron: str
    timezone: str
    agent_id: str
    message: str
    session_id: str | None
    metadata: dict[str, Any]
    missed: CatchUp
    most: int
    enabled: bool
    created_at: Moment
    next_fires: tuple[Moment, ...]


class FiresQuery(Query):
    """How many."""

    limit: Annotated[int, Field(ge=1, le=200, description="Fires at most.")] = 50


class FireReply(Reply):
    """A time at which the schedule was due; `task_id` is null when it was passed over."""

    fire_at: Moment
    task_id: str | None


class FiresReply(Reply):
    """The last fires, newest first."""

    items: list[FireReply]


def routes(schedules: Schedules, idempotency: Idempotency) -> tuple[Route, ...]:
    """The routes of schedules."""

    async def create(call: Call) -> Answer:
        body = call.body(NewSchedule)
        call.log.action = AgentAction.SCHEDULE
        settings = ScheduleSettings(
            name=body.name,
            cron=body.cron,
            timezone=body.timezone,
            missed=body.missed,
            most=body.most,
            enabled=body.enabled,
            invocation=Invocation(
                agent_id=body.agent_id,
                message=body.message,
                conversation_id=body.session_id,
                metadata=body.metadata,
                scopes=call.principal.scopes,
            ),
        )

        def work(tx: Transaction) -> Made:
            made = schedules.create(tx, call.user_id, settings)
            return Made(status=201, reply=_show(made), object_id=made.schedule.id)

        response = await idempotency.run(call, work)
        schedules.changed()
        return response

    async def list_schedules(call: Call) -> Answer:
        query = call.query(PageQuery)
        found = await schedules.list(call.user_id, limit=query.limit + 1, before=query.after())
        return page_of(
            Page[ScheduleReply],
            found,
            limit=query.limit,
            show=_show,
            place=lambda view: view.schedule.id,
        )

    async def get(call: Call) -> Answer:
        return _show(await schedules.get(call.user_id, call.path["schedule_id"]))

    async def change(call: Call) -> Answer:
        body = call.body(ScheduleChanges)
        call.log.action = AgentAction.SCHEDULE
        changes = {
            "conversation_id" if name == "session_id" else name: getattr(body, name)
            for name in body.model_fields_set
        }
        # Whoever changes the message answers for what its tools do.
        changes["scopes"] = call.principal.scopes
        before, after = await schedules.change(call.user_id, call.path["schedule_id"], changes)
        shown = _show(after)
        call.audit.changed(
            _show(before).model_dump(mode="json", exclude=_OUTCOMES),
            shown.model_dump(mode="json", exclude=_OUTCOMES),
        )
        return shown

    async def delete(call: Call) -> Answer:
        await schedules.delete(call.user_id, call.path["schedule_id"])
        return None

    async def list_fires(call: Call) -> Answer:
        found = await schedules.fires(
            call.user_id, call.path["schedule_id"], limit=call.query(FiresQuery).limit
        )
        return FiresReply(
            items=[FireReply(fire_at=fire_at, task_id=task_id) for fire_at, task_id in found]
        )

    path = "/api/v1/schedules"
    item = f"{path}/{{schedule_id}}"
    reads: dict[str, Any] = {
        "method": "GET",
        "tag": "Schedules",
        "access": Scope.AGENTS_READ,
        "rate": Rate.READ,
    }
    writes: dict[str, Any] = {
        "tag": "Schedules",
        "access": Scope.AGENTS_EXECUTE,
        "rate": Rate.WRITE,
    }
    return (
        Route(
            **writes,
            method="POST",
            path=path,
            summary="Have a message sent by the clock",
            description="At each fire a task is queued. Fires are right across clock changes, and "
            "two tasks of a schedule never run at once.",
            handler=create,
            body=NewSchedule,
            reply=ScheduleReply,
            status=201,
            errors=(NotFound, Conflict, IdempotencyConflict),
            idempotent=True,
        ),
        Route(
            **reads,
            path=path,
            summary="List your schedules",
            description="Newest first, with their next five fires.",
            handler=list_schedules,
            query=PageQuery,
            reply=Page[ScheduleReply],
        ),
        Route(
            **reads,
            path=item,
            summary="Look at a schedule",
            description="With its next five fires.",
            handler=get,
            reply=ScheduleReply,
            errors=(NotFound,),
        ),
        Route(
            **reads,
            path=f"{item}/fires",
            summary="See when a schedule fired",
            description="Newest first, with the task of each; null: passed over.",
            handler=list_fires,
            query=FiresQuery,
            reply=FiresReply,
            errors=(NotFound,),
        ),
        Route(
            **writes,
            method="PATCH",
            path=item,
            summary="Change a schedule",
            description="Changes the fields that are sent, pauses or resumes with `enabled`. What "
            "passed before is not made up for.",
            handler=change,
            body=ScheduleChanges,
            reply=ScheduleReply,
            errors=(NotFound, Conflict),
        ),
        Route(
            **writes,
            method="DELETE",
            path=item,
            summary="Delete a schedule",
            description="Tasks that it has queued stay.",
            handler=delete,
            status=204,
            errors=(NotFound,),
        ),
    )


def _show(view: ScheduleView) -> ScheduleReply:
    schedule, invocation = view.schedule, view.invocation
    return ScheduleReply(
        id=schedule.id,
        name=schedule.name,
        cron=schedule.cron,
        timezone=schedule.timezone,
        agent_id=invocation.agent_id,
        message=invocation.message,
        session_id=invocation.conversation_id,
        metadata=dict(invocation.metadata),
        missed=schedule.missed,
        most=schedule.most,
        enabled=schedule.enabled,
        created_at=schedule.created_at,
        next_fires=view.next_fires,
    )
