"""Sessions with agents: open, list, look at, change, end."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from noond.accounts.activities import Activities
from noond.accounts.agent_sessions import AgentSessions, OpenSession
from noond.api.fields import Line, Moment
from noond.api.idempotency import Idempotency, Made
from noond.api.paging import Page, PageQuery, page_of
from noond.api.routing import Answer, Body, Call, Rate, Reply, Route
from noond.errors import Conflict, IdempotencyConflict, NotFound
from noond.models.account import Scope
from noond.models.agent_session import AgentSession, AgentType
from noond.store.rows import Transaction

Project = Annotated[
    Line | None,
    Field(min_length=1, max_length=200, description="What the agent works on, such as its id."),
]
Repository = Annotated[
    Line | None,
    Field(max_length=200, pattern=r"^[^\s/]+/[^\s/]+$", description="As `owner/name`."),
]


class NewSession(Body):
    """A session to open."""

    agent_type: Annotated[AgentType, Field(strict=False)]
    project: Project = None
    repository: Repository = None


class SessionChanges(Body):
    """What is to change of a session; what is left out stays."""

    # Only the fields that were sent are looked at. The factories keep the others from having a
    # default in the API's description.
    project: Project = Field(default_factory=lambda: None)
    repository: Repository = Field(default_factory=lambda: None)


class SessionsQuery(PageQuery):
    """Which sessions."""

    limit: Annotated[int, Field(ge=1, le=50, description="Items of one page at most.")] = 20
    agent_type: Annotated[AgentType | None, Field(description="With this agent only.")] = None
    is_active: Annotated[
        bool | None, Field(description="Only those that are active, or have ended.")
    ] = None


class SessionReply(Reply):
    """A session with an agent."""

    id: str
    agent_type: AgentType
    project: str | None
    repository: str | None
    created_at: Moment
    last_activity: Moment
    is_active: bool
    ended_at: Moment | None


def routes(
    sessions: AgentSessions, activities: Activities, idempotency: Idempotency
) -> tuple[Route, ...]:
    """The routes of sessions with agents."""

    async def create(call: Call) -> Answer:
        body = call.body(NewSession)
        made: list[OpenSession] = []

        def work(tx: Transaction) -> Made:
            opened = sessions.open(
                tx,
                call.user_id,
                body.agent_type,
                project=body.project,
                repository=body.repository,
            )
            made.append(opened)
            return Made(status=201, reply=_show(opened.session), object_id=opened.id)

        response = await idempotency.run(call, work)
        activities.told(*(opened.opened for opened in made))
        return response

    async def list_sessions(call: Call) -> Answer:
        query = call.query(SessionsQuery)
        found = await sessions.list(
            call.user_id,
            agent_type=query.agent_type,
            is_active=query.is_active,
            limit=query.limit + 1,
            before_id=query.after(),
        )
        return page_of(
            Page[SessionReply],
            found,
            limit=query.limit,
            show=_show,
            place=lambda session: session.id,
        )

    async def get(call: Call) -> Answer:
        return _show(await sessions.get(call.user_id, call.path["session_id"]))

    async def change(call: Call) -> Answer:
        body = call.body(SessionChanges)
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        before, after = await sessions.change(call.user_id, call.path["session_id"], changes)
        call.audit.changed(
            {name: getattr(before, name) for name in changes},
            {name: getattr(after, name) for name in changes},
        )
        return _show(after)

    async def end(call: Call) -> Answer:
        return _show(await sessions.end(call.user_id, call.path["session_id"]))

    path = "/api/v1/agent-sessions"
    return (
        Route(
            method="POST",
            path=path,
            tag="Agent Service",
            summary="Open a session with an agent",
            description="Several may be active at once. One that is not used ends by itself, after "
            "`accounts.session_hours`.",
            access=Scope.AGENTS_EXECUTE,
            rate=Rate.WRITE,
            handler=create,
            body=NewSession,
            reply=SessionReply,
            status=201,
            errors=(IdempotencyConflict,),
            idempotent=True,
        ),
        Route(
            method="GET",
            path=path,
            tag="Agent Service",
            summary="List your sessions with agents",
            description="Newest first, with those that have ended.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=list_sessions,
            query=SessionsQuery,
            reply=Page[SessionReply],
        ),
        Route(
            method="GET",
            path=f"{path}/{{session_id}}",
            tag="Agent Service",
            summary="Look at a session",
            description="Active or ended.",
            access=Scope.AGENTS_READ,
            rate=Rate.READ,
            handler=get,
            reply=SessionReply,
            errors=(NotFound,),
        ),
        Route(
            method="PATCH",
            path=f"{path}/{{session_id}}",
            tag="Agent Service",
            summary="Change what a session works on",
            description="Its project, its repository or both; this counts as use.",
            access=Scope.AGENTS_EXECUTE,
            rate=Rate.WRITE,
            handler=change,
            body=SessionChanges,
            reply=SessionReply,
            errors=(NotFound, Conflict),
        ),
        Route(
            method="POST",
            path=f"{path}/{{session_id}}/end",
            tag="Agent Service",
            summary="End a session",
            description="One that has ended stays as it is.",
            access=Scope.AGENTS_EXECUTE,
            rate=Rate.WRITE,
            handler=end,
            reply=SessionReply,
            errors=(NotFound,),
        ),
    )


def _show(session: AgentSession) -> SessionReply:
    return SessionReply.model_validate(session)
