"""What the chat agents need before there is an engine to run their tasks."""

from __future__ import annotations

from dataclasses import dataclass

from noond.accounts.activities import Activities
from noond.accounts.agent_sessions import AgentSessions
from noond.accounts.interactions import Interactions
from noond.accounts.quotas import Quotas
from noond.assistant.answering import Answering
from noond.assistant.conversations import Conversations
from noond.assistant.diary import Diary
from noond.assistant.telling import Wakes
from noond.assistant.tools import Toolbox
from noond.clock import Clock
from noond.config import Settings
from noond.events import EventBus
from noond.llm.dialogue import DialogueClient
from noond.runners.agents import Agents
from noond.store.database import Database
from noond.tasks import Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """The parts. `toolbox` is empty: its tools queue jobs, and are put in later."""

    activities: Activities
    sessions: AgentSessions
    interactions: Interactions
    quotas: Quotas
    conversations: Conversations
    wakes: Wakes
    toolbox: Toolbox
    answering: Answering


def open_chat(
    database: Database,
    clock: Clock,
    settings: Settings,
    *,
    bus: EventBus,
    tasks: Supervisor,
    dialogue: DialogueClient | None,
    agents: Agents,
) -> Chat:
    """The parts, each with what it uses."""
    activities = Activities(database, bus, clock=clock, keep_days=settings.accounts.activity_days)
    sessions = AgentSessions(
        database, activities, clock=clock, idle_hours=settings.accounts.session_hours
    )
    interactions = Interactions(database, activities, clock=clock)
    quotas = Quotas(database, settings.limits, clock=clock)
    wakes, toolbox = Wakes(), Toolbox()
    return Chat(
        activities=activities,
        sessions=sessions,
        interactions=interactions,
        quotas=quotas,
        conversations=Conversations(
            database, clock, keep_hours=settings.assistant.conversation_hours
        ),
        wakes=wakes,
        toolbox=toolbox,
        answering=Answering(
            database,
            clock,
            settings.assistant,
            dialogue=dialogue,
            toolbox=toolbox,
            agents=agents,
            diary=Diary(sessions, interactions, activities),
            quotas=quotas,
            tasks=tasks,
            wakes=wakes,
        ),
    )
