"""Agents: make, list, look at, change, delete, run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from noond.api.agent_views import AgentReply, AnyAgent, ShownAgents
from noond.api.fields import DeviceId, Line, Name, Text
from noond.api.idempotency import Idempotency, Made
from noond.api.paging import PageQuery, page_of
from noond.api.routing import Answer, Body, Call, Rate, Reply, Route
from noond.assistant.invocations import Invocations
from noond.assistant.registry import ChatAgent, chat_agents_after, find_chat_agent
from noond.errors import Conflict, IdempotencyConflict, NotFound, RunInProgress
from noond.models.account import Scope
from noond.models.agent import Agent
from noond.models.document import Table
from noond.models.preview import RunMode
from noond.models.request_log import AgentAction
from noond.models.run import RunStatus
from noond.models.schedule import MissedPolicy
from noond.runners.agents import Agents, AgentSettings
from noond.runners.runs import Runs
from noond.store.rows import Transaction

_MOST_HOURS = 24 * 365
_OUTCOMES = {"updated_at", "next_fires"}
"""What follows from other fields of an agent."""
_SCHEDULE = {"schedule_cron", "timezone", "missed", "max_age_hours", "quiet_hours", "enabled"}

Paths = Annotated[
    tuple[Annotated[Line, Field(min_length=1, max_length=4096)], ...],
    Field(min_length=1, max_length=100, description="Folders on the device."),
]
Extensions = Annotated[
    tuple[Annotated[Line, Field(min_length=1, max_length=50)], ...],
    Field(min_length=1, max_length=100, description="Such as `.md`; the dot may be left out."),
]
DataTypes = Annotated[
    tuple[Table, ...],
    Field(min_length=1, max_length=20, description="Tables that records may go to."),
]
Prompt = Annotated[Text, Field(description="What the user asks the extractor to look for.")]
Cron = Annotated[
    Line | None,
    Field(max_length=200, description="Five fields; null for an agent that is run by hand."),
]
Zone = Annotated[
    Line | None, Field(max_length=100, description="An IANA name; null for the user's own.")
]
Missed = Annotated[MissedPolicy, Field(description="What becomes of fires that were missed.")]
Hours = Annotated[
    int,
    Field(ge=1, le=_MOST_HOURS, description="How late a run may be, in hours."),
]
QuietHours = Annotated[
    Line | None, Field(max_length=20, description="Such as `22:00-07:00`; delays scheduled runs.")
]
ProjectId = Annotated[
    Line | None, Field(min_length=1, max_length=200, description="For records that need one.")
]


class NewAgent(Body):
    """A new agent: it reads folders on one device."""

    kind: Literal["local"] = "local"
    name: Name
    device_id: DeviceId
    directory_paths: Paths
    file_extensions: Extensions
    prompt_template: Prompt = ""
    data_types: DataTypes
    schedule_cron: Cron = None
    timezone: Zone = None
    missed: Missed = MissedPolicy.LATEST
    max_age_hours: Hours = 24
    quiet_hours: QuietHours = None
    default_project_id: ProjectId = None
    enabled: bool = True


class AgentChanges(Body):
    """What is to change of an agent; what is left out stays."""

    # Only the fields that were sent are looked at. The factories keep the others from having a
    # default in the API's description.
    name: Name = Field(default_factory=str)
    device_id: DeviceId = Field(default_factory=str)
    directory_paths: Paths = Field(default_factory=tuple)
    file_extensions: Extensions = Field(default_factory=tuple)
    prompt_template: Prompt = Field(default_factory=str)
    data_types: DataTypes = Field(default_factory=tuple)
    schedule_cron: Cron = Field(default_factory=lambda: None)
    timezone: Zone = Field(default_factory=lambda: None)
    missed: Missed = Field(default_factory=lambda: MissedPolicy.LATEST)
    max_age_hours: Hours = Field(default_factory=lambda: 24)
    quiet_hours: QuietHours = Field(default_factory=lambda: None)
    default_project_id: ProjectId = Field(default_factory=lambda: None)
    enabled: bool = Field(default_factory=lambda: True)


class AgentPage(Reply):
    """A part of the list of agents."""

    items: list[AnyAgent]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


class AgentsQuery(PageQuery):
    """Which agents."""

    kind: Annotated[
        Literal["local", "chat", "all"],
        Field(description="`local`: yours. `chat`: the built-in ones, which everybody has."),
    ] = "local"


class StartRun(Body):
    """How to run."""

    mode: Annotated[RunMode, Field(strict=False)] = Field(
        RunMode.FULL,
        description="`full`: bring records. `dry_run`: propose them only. `estimate`: tell from "
        "the list of files what a run would have to read.",
    )


class RunStarted(Reply):
    """A run that was accepted; `status_url` tells how it goes."""

    run_id: str
    status: RunStatus
    status_url: str


def routes(
    agents: Agents, runs: Runs, invocations: Invocations, idempotency: Idempotency
) -> tuple[Route, ...]:
    """The routes of agents."""

    shown = ShownAgents(agents, invocations)
    show = shown.local

    async def create(call: Call) -> Answer:
        body = call.body(NewAgent)
        settings = AgentSettings(**body.model_dump(exclude={"kind"}))

        def work(tx: Transaction) -> Made:
            agent = agents.create(tx, call.user_id, settings)
            return Made(status=201, reply=show(agent), object_id=agent.id)

        return await idempotency.run(call, work)

    async def list_agents(call: Call) -> Answer:
        query = call.query(AgentsQuery)
        place = query.after()
        found: list[Agent | ChatAgent] = []
        if query.kind != "chat" and (place is None or find_chat_agent(place) is None):
            found += await agents.list(call.user_id, limit=query.limit + 1, before=place)
        if query.kind != "local" and len(found) <= query.limit:
            # They were here before any other, so they come last.
            found += chat_agents_after(place)
        return page_of(
            AgentPage, found, limit=query.limit, show=shown.any, place=lambda agent: agent.id
        )

    async def get(call: Call) -> Answer:
        agent_id = call.path["agent_id"]
        return shown.any(find_chat_agent(agent_id) or await agents.get(call.user_id, agent_id))

    async def change(call: Call) -> Answer:
        body = call.body(AgentChanges)
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        before, after = await agents.change(call.user_id, call.path["agent_id"], changes)
        shown = show(after)
        call.audit.changed(
            show(before).model_dump(mode="json", exclude=_OUTCOMES),
            shown.model_dump(mode="json", exclude=_OUTCOMES),
        )
        if _SCHEDULE & call.audit.changes.keys():
            call.log.action = AgentAction.SCHEDULE
        return shown

    async def delete(call: Call) -> Answer:
        await agents.delete(call.user_id, call.path["agent_id"])
        return None

    async def run(call: Call) -> Answer:
        mode = call.body(StartRun).mode

        def work(tx: Transaction) -> Made:
            run = runs.start(tx, call.user_id, call.path["agent_id"], mode)
            reply = RunStarted(
                run_id=run.id, status=run.status, status_url=f"/api/v1/runs/{run.id}"
            )
            return Made(status=202, reply=reply, object_id=run.id)

        answered = await idempotency.answer(call, work)
        runs.started()
        call.audit.changed({}, {"run_id": answered.object_id})
        call.log.action, call.log.tool = AgentAction.CREATE, "run"
        call.log.entities = {"run_id": answered.object_id, "mode": mode}
        return answered.response()

    path = "/api/v1/agents"
    return (
        Route(
            method="POST",
            path=path,
            tag="Agents",
            summary="Make an agent",
            description="A local agent reads folders on one device, by hand or on a schedule.",
            access=Scope.AGENTS_WRITE,
            rate=Rate.WRITE,
            handler=create,
            body=NewAgent,
            reply=AgentReply,
            status=201,
            errors=(Conflict, IdempotencyConflict),
            idempotent=True,
        ),
        Route(
            method="GET",
            path=path,
            tag="Agents",
            summary="List the agents",
            description="Those that you made, newest first; with `kind` also the chat agents, "
            "which come last.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=list_agents,
            query=AgentsQuery,
            reply=AgentPage,
        ),
        Route(
            method="GET",
            path=f"{path}/{{agent_id}}",
            tag="Agents",
            summary="Look at an agent",
            description="With its next five fires; of a chat agent, what it can do.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=get,
            reply=AnyAgent,
            errors=(NotFound,),
        ),
        Route(
            method="PATCH",
            path=f"{path}/{{agent_id}}",
            tag="Agents",
            summary="Change an agent",
            description="Changes the fields that are sent, pauses or resumes with `enabled`.",
            access=Scope.AGENTS_WRITE,
            rate=Rate.WRITE,
            handler=change,
            body=AgentChanges,
            reply=AgentReply,
            errors=(NotFound, Conflict),
        ),
        Route(
            method="DELETE",
            path=f"{path}/{{agent_id}}",
            tag="Agents",
            summary="Delete an agent",
            description="Its runs and records stay.",
            access=Scope.AGENTS_WRITE,
            rate=Rate.WRITE,
            handler=delete,
            status=204,
            errors=(NotFound, RunInProgress),
        ),
        Route(
            method="POST",
            path=f"{path}/{{agent_id}}/runs",
            tag="Runs",
            summary="Run an agent now",
            description="Accepted also while the device is away: the run then waits for it. 409 "
            "with `run_id` while the agent has a run that is not final.",
            access=Scope.AGENTS_EXECUTE,
            rate=Rate.WRITE,
            handler=run,
            body=StartRun,
            reply=RunStarted,
            status=202,
            errors=(NotFound, RunInProgress, IdempotencyConflict),
            idempotent=True,
        ),
    )
