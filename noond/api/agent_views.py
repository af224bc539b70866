"""Agents as they are shown: those that read folders, and those that answer messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from noond.api.fields import Moment
from noond.api.routing import Reply
from noond.assistant.invocations import Invocations
from noond.assistant.registry import ChatAgent
from noond.models.agent import Agent
from noond.models.document import Table
from noond.models.schedule import MissedPolicy
from noond.runners.agents import Agents


class AgentReply(Reply):
    """An agent; `next_fires` are the next five, `schedule_note` tells of fires not served."""

    id: str
    kind: Literal["local"]
    name: str
    device_id: str
    directory_paths: tuple[str, ...]
    file_extensions: tuple[str, ...]
    prompt_template: str
    data_types: tuple[Table, ...]
    schedule_cron: str | None
    timezone: str
    missed: MissedPolicy
    max_age_hours: int
    quiet_hours: str | None
    default_project_id: str | None
    enabled: bool
    created_at: Moment
    updated_at: Moment
    last_run_at: Moment | None
    next_fires: tuple[Moment, ...]
    schedule_note: str | None


class ChatAgentReply(Reply):
    """A chat agent, which is built in. `available`: it can answer with the present settings."""

    id: str
    kind: Literal["chat"]
    name: str
    description: str
    tools: bool = Field(description="Whether it may look things up and act for you.")
    needs_model: bool = Field(description="Whether it can do nothing without a model.")
    available: bool


AnyAgent: TypeAlias = Annotated[AgentReply | ChatAgentReply, Field(discriminator="kind")]


class ShownAgents:
    """Agents as they are shown."""

    def __init__(self, agents: Agents, invocations: Invocations) -> None:
        self._agents = agents
        self._invocations = invocations

    def any(self, agent: Agent | ChatAgent) -> AgentReply | ChatAgentReply:
        """An agent of either kind."""
        return self.local(agent) if isinstance(agent, Agent) else self.chat(agent)

    def local(self, agent: Agent) -> AgentReply:
        """One that reads folders."""
        return _reply(agent, self._agents.next_fires(agent))

    def chat(self, agent: ChatAgent) -> ChatAgentReply:
        """One that answers messages."""
        return ChatAgentReply(
            id=agent.id,
            kind="chat",
            name=agent.name,
            description=agent.description,
            tools=agent.uses_tools,
            needs_model=agent.needs_model,
            available=self._invocations.has_model or not agent.needs_model,
        )


def _reply(agent: Agent, next_fires: tuple[datetime, ...]) -> AgentReply:
    return AgentReply(
        id=agent.id,
        kind=agent.kind,
        name=agent.name,
        device_id=agent.device_id,
        directory_paths=agent.directory_paths,
        file_extensions=agent.file_extensions,
        prompt_template=agent.prompt_template,
        data_types=agent.data_types,
        schedule_cron=agent.schedule_cron,
        timezone=agent.timezone,
        missed=agent.missed,
        max_age_hours=agent.max_age_hours,
        quiet_hours=str(agent.quiet_hours) if agent.quiet_hours else None,
        default_project_id=agent.default_project_id,
        enabled=agent.enabled,
        created_at=agent.created_at,
        updated_at=agent.updated_at,
        last_run_at=agent.last_run_at,
        next_fires=next_fires,
        schedule_note=agent.schedule_note,
    )
