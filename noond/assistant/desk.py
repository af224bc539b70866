"""What the chat agents offer to the outside, put together."""

from __future__ import annotations

from dataclasses import dataclass

from noond.accounts.quotas import Quotas
from noond.assistant.conversations import Conversations
from noond.assistant.invocations import Invocations
from noond.assistant.schedules import Schedules
from noond.assistant.tasks import Tasks
from noond.assistant.telling import Wakes
from noond.clock import Clock
from noond.config import AssistantSettings
from noond.jobs.requests import JobRequests
from noond.store.database import Database
from noond.tasks import Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDesk:
    """Messages, tasks, conversations and schedules."""

    invocations: Invocations
    tasks: Tasks
    conversations: Conversations
    schedules: Schedules


def chat_desk(
    database: Database,
    clock: Clock,
    settings: AssistantSettings,
    *,
    requests: JobRequests,
    wakes: Wakes,
    tasks: Supervisor,
    quotas: Quotas,
    conversations: Conversations,
    has_model: bool,
) -> ChatDesk:
    """The parts, each with what it uses."""
    invocations = Invocations(requests, clock, quotas, has_model=has_model)
    return ChatDesk(
        invocations=invocations,
        tasks=Tasks(database, requests, wakes, tasks, reconnect_seconds=settings.reconnect_seconds),
        conversations=conversations,
        schedules=Schedules(database, clock, invocations),
    )
