"""The tools that look things up: agents, runs, records, devices, money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from noond.accounts.devices import Devices
from noond.assistant.tools import Arguments, Question, ToolCaller, ToolResult
from noond.clock import rfc3339
from noond.inert import inert
from noond.models.account import Scope
from noond.models.agent import Agent
from noond.models.delivery import RunRecord
from noond.models.device import Device
from noond.models.run import Run, RunStatus
from noond.models.usage import UsageGroup
from noond.runners.agents import Agents
from noond.runners.runs import Runs
from noond.runners.usage import Usage

IsOnline: TypeAlias = Callable[[str, str], bool]
"""Whether the device of this user and id is connected."""

_SHOWN = 20
_TEXT = 300

Limit = Annotated[int, Field(ge=1, le=50, description="How many at most.")]


class NoArguments(Arguments):
    """Nothing to say."""


class WhichRuns(Arguments):
    """Which runs."""

    agent_id: Annotated[str | None, Field(description="Only this agent's.")] = None
    status: Annotated[RunStatus | None, Field(description="Only those in this state.")] = None
    limit: Limit = 10


class WhichRun(Arguments):
    """Which run."""

    run_id: Annotated[str, Field(description="The run's id.")]


class WhichRecords(Arguments):
    """Whose records."""

    run_id: Annotated[str | None, Field(description="The run's id; null for the latest run.")] = (
        None
    )
    limit: Limit = _SHOWN


class WhichUsage(Arguments):
    """How to add it up."""

    group: Annotated[UsageGroup, Field(description="By what.")] = UsageGroup.DAY


def lookups(
    agents: Agents, runs: Runs, devices: Devices, usage: Usage, *, is_online: IsOnline
) -> tuple[Question, ...]:
    """The tools; everybody sees their own."""

    async def list_agents(caller: ToolCaller, _: NoArguments) -> ToolResult:
        found = await agents.list(caller.user.id, limit=_SHOWN, before=None)
        return {"agents": [_agent(agent) for agent in found]}

    async def list_runs(caller: ToolCaller, which: WhichRuns) -> ToolResult:
        found = await runs.list(
            caller.user.id, agent_id=which.agent_id, status=which.status, limit=which.limit
        )
        return {"runs": [_run(run, errors) for run, errors in found]}

    async def get_run(caller: ToolCaller, which: WhichRun) -> ToolResult:
        view = await runs.get(caller.user.id, which.run_id)
        errors = [
            {"file": error.file, "code": error.code, "message": _cut(error.message)}
            for error in view.errors[:_SHOWN]
        ]
        return {
            **_run(view.run, len(view.errors)),
            "first_errors": errors,
            "delivered": view.delivered,
            "waiting_for_device": view.pending,
            "refused_by_device": view.failed,
            "cost_usd": view.run.cost_usd,
        }

    async def latest_run(caller: ToolCaller) -> str | None:
        found = await runs.list(caller.user.id, limit=1)
        return found[0][0].id if found else None

    async def list_records(caller: ToolCaller, which: WhichRecords) -> ToolResult:
        run_id = which.run_id or await latest_run(caller)
        if run_id is None:
            return {"run_id": None, "records": []}
        found = await runs.records(caller.user.id, run_id, limit=which.limit)
        return {"run_id": run_id, "records": [_record(record) for record in found]}

    async def list_devices(caller: ToolCaller, _: NoArguments) -> ToolResult:
        found = await devices.list_page(caller.user.id, limit=_SHOWN)
        return {"devices": [_device(device, is_online) for device in found]}

    async def get_usage(caller: ToolCaller, which: WhichUsage) -> ToolResult:
        report = await usage.report(caller.user, which.group, since=None, until=None, limit=_SHOWN)
        return {
            "since": rfc3339(report.since),
            "calls": report.total.calls,
            "cost_usd": report.total.cost_usd,
            "unpriced_calls": report.total.unpriced_calls,
            "groups": [
                {
                    which.group.value: row.key,
                    "name": row.name,
                    "calls": row.figures.calls,
                    "cost_usd": row.figures.cost_usd,
                }
                for row in report.groups
            ],
        }

    return (
        Question(
            name="list_agents",
            description="The user's agents: what each reads, on which device, when it runs next.",
            scope=Scope.AGENTS_READ,
            arguments=NoArguments,
            ask=list_agents,
        ),
        Question(
            name="list_runs",
            description="The latest runs of agents, newest first: state, counts, errors.",
            scope=Scope.AGENTS_READ,
            arguments=WhichRuns,
            ask=list_runs,
        ),
        Question(
            name="get_run",
            description="One run in detail: what went wrong, what was delivered, what it cost.",
            scope=Scope.AGENTS_READ,
            arguments=WhichRun,
            ask=get_run,
            taints=True,
        ),
        Question(
            name="list_records",
            description="The tasks, notes and other records that a run has brought.",
            scope=Scope.AGENTS_READ,
            arguments=WhichRecords,
            ask=list_records,
            taints=True,
        ),
        Question(
            name="list_devices",
            description="The user's devices and whether they are connected now.",
            scope=Scope.DEVICES_READ,
            arguments=NoArguments,
            ask=list_devices,
            taints=True,
        ),
        Question(
            name="get_usage",
            description="What calls to models cost in the last 30 days.",
            scope=Scope.USAGE_READ,
            arguments=WhichUsage,
            ask=get_usage,
        ),
    )


def _agent(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.id,
        "name": agent.name,
        "device_id": agent.device_id,
        "folders": list(agent.directory_paths),
        "enabled": agent.enabled,
        "schedule": agent.schedule_cron,
        "last_run_at": None if agent.last_run_at is None else rfc3339(agent.last_run_at),
    }


def _run(run: Run, errors: int) -> dict[str, Any]:
    return {
        "id": run.id,
        "agent_id": run.agent_id,
        "agent_name": run.agent_name,
        "status": run.status.value,
        "waiting_for": run.waiting_for,
        "created_at": rfc3339(run.created_at),
        "completed_at": None if run.completed_at is None else rfc3339(run.completed_at),
        "files_read": run.items_processed,
        "records_made": run.items_created,
        "errors": errors,
    }


def _record(record: RunRecord) -> dict[str, Any]:
    return {
        "table": record.table,
        "data": {name: _cut(value) for name, value in record.data.items()},
        "source": _cut(record.path),
        "status": record.status.value,
        "decision": None if record.decision is None else record.decision.value,
    }


def _device(device: Device, is_online: IsOnline) -> dict[str, Any]:
    return {
        "id": device.id,
        "name": _cut(device.name),
        "online": is_online(device.user_id, device.id),
        "last_seen_at": None if device.last_seen_at is None else rfc3339(device.last_seen_at),
    }


def _cut(value: Any) -> Any:
    return inert(value[:_TEXT]) if isinstance(value, str) else value
