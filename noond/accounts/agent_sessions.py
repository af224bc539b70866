"""Sessions of users with agents: opened by hand or by use, ended by hand or by time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from noond.accounts.activities import Activities
from noond.clock import Clock, new_id
from noond.errors import Conflict
from noond.models.activity import Activity, ActivityKind
from noond.models.agent_session import AgentSession, AgentType, SessionCounts
from noond.store import agent_sessions
from noond.store.database import Database
from noond.store.rows import Transaction

_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session that is active. `opened` was logged with it; None when it was active before.

    Hand that to `Activities.told` after the commit.
    """

    session: AgentSession
    opened: Activity | None

    @property
    def id(self) -> str:
        """The session's id."""
        return self.session.id


class AgentSessions:
    """The sessions of all users; every call but `end_idle` is one user's."""

    def __init__(
        self, database: Database, activities: Activities, *, clock: Clock, idle_hours: int
    ) -> None:
        self._database = database
        self._activities = activities
        self._clock = clock
        self._idle = timedelta(hours=idle_hours)

    def open(
        self,
        tx: Transaction,
        user_id: str,
        agent_type: AgentType,
        *,
        project: str | None = None,
        repository: str | None = None,
    ) -> OpenSession:
        """Store a new session, within the caller's transaction."""
        now = self._clock.now()
        session = AgentSession(
            id=new_id(),
            user_id=user_id,
            agent_type=agent_type,
            project=project,
            repository=repository,
            created_at=now,
            last_activity=now,
            ended_at=None,
        )
        agent_sessions.insert(tx, session)
        return OpenSession(
            session=session,
            opened=self._log(tx, session, ActivityKind.SESSION_CREATED, "was opened"),
        )

    def touch(self, tx: Transaction, user_id: str, agent_type: AgentType) -> OpenSession:
        """The active session of this type that was used last, used now; a new one if none is.

        Within the caller's transaction.
        """
        session = agent_sessions.find_active(tx, user_id, agent_type)
        if session is None:
            return self.open(tx, user_id, agent_type)
        now = self._clock.now()
        agent_sessions.touch(tx, user_id, session.id, now=now)
        return OpenSession(session=replace(session, last_activity=now), opened=None)

    async def get(self, user_id: str, session_id: str) -> AgentSession:
        """The session; raises NotFound."""
        return await self._database.read(lambda c: agent_sessions.get(c, user_id, session_id))

    async def list(
        self,
        user_id: str,
        *,
        agent_type: AgentType | None = None,
        is_active: bool | None = None,
        limit: int,
        before_id: str | None = None,
    ) -> list[AgentSession]:
        """The user's sessions that match, newest first; None stands for all."""
        return await self._database.read(
            lambda c: agent_sessions.list_page(
                c,
                user_id,
                agent_type=agent_type,
                is_active=is_active,
                limit=limit,
                before_id=before_id,
            )
        )

    async def count(self, user_id: str) -> SessionCounts:
        """How the user's sessions stand."""
        return await self._database.read(lambda c: agent_sessions.count(c, user_id))

    async def change(
        self, user_id: str, session_id: str, changes: Mapping[str, str | None]
    ) -> tuple[AgentSession, AgentSession]:
        """Change `project`, `repository` or both, which counts as use; before and after.

        Raises NotFound, or Conflict when the session has ended.
        """

        def store(tx: Transaction) -> tuple[AgentSession, AgentSession]:
            before = agent_sessions.get(tx, user_id, session_id)
            if not before.is_active:
                raise Conflict("the session has ended")
            now = self._clock.now()
            after = replace(before, last_activity=now, **changes)  # type: ignore[arg-type]
            agent_sessions.update(
                tx,
                user_id,
                session_id,
                project=after.project,
                repository=after.repository,
                now=now,
            )
            return before, after

        return await self._database.write(store)

    async def end(self, user_id: str, session_id: str) -> AgentSession:
        """End the session; one that has ended stays as it is. Raises NotFound."""

        def store(tx: Transaction) -> tuple[AgentSession, Activity | None]:
            session = agent_sessions.get(tx, user_id, session_id)
            if not session.is_active:
                return session, None
            return self._end(tx, session, "was ended")

        session, ended = await self._database.write(store)
        self._activities.told(ended)
        return session

    def idle_since(self) -> datetime:
        """Sessions that were not used since then are to be ended."""
        return self._clock.now() - self._idle

    async def end_idle(self) -> int:
        """End the sessions of all users that were not used for so long; returns how many."""
        since = self.idle_since()

        def end_some(tx: Transaction) -> list[Activity]:
            idle = agent_sessions.list_idle_all_users(tx, since=since, limit=_AT_ONCE)
            return [self._end(tx, session, "was not used and ended")[1] for session in idle]

        ended = 0
        while some := await self._database.write(end_some):
            self._activities.told(*some)
            ended += len(some)
        return ended

    def _end(
        self, tx: Transaction, session: AgentSession, how: str
    ) -> tuple[AgentSession, Activity]:
        now = self._clock.now()
        agent_sessions.end(tx, session.user_id, session.id, now=now)
        logged = self._log(tx, session, ActivityKind.SESSION_ENDED, how)
        return replace(session, ended_at=now), logged

    def _log(
        self, tx: Transaction, session: AgentSession, kind: ActivityKind, what: str
    ) -> Activity:
        return self._activities.log(
            tx,
            session.user_id,
            kind,
            agent_type=session.agent_type,
            session_id=session.id,
            description=f"a session with the agent {session.agent_type} {what}",
        )
