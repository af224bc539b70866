"""The agents table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from noond.clock import from_ms, to_ms
from noond.errors import NotFound
from noond.models.agent import Agent
from noond.models.document import Table
from noond.models.schedule import MissedPolicy, QuietHours
from noond.store.rows import (
    Connection,
    Row,
    Transaction,
    dump,
    load,
    ms_or_none,
    time_or_none,
)


def _agent(row: Row) -> Agent:
    quiet_hours = row["quiet_hours"]
    return Agent(
        id=row["id"],
        user_id=row["user_id"],
        kind=row["kind"],
        name=row["name"],
        device_id=row["device_id"],
        directory_paths=tuple(load(row["directory_paths"])),
        file_extensions=tuple(load(row["file_extensions"])),
        prompt_template=row["prompt_template"],
        data_types=tuple(Table(name) for name in load(row["data_types"])),
        schedule_cron=row["schedule_cron"],
        timezone=row["timezone"],
        missed=MissedPolicy(row["missed"]),
        max_age_hours=row["max_age_hours"],
        quiet_hours=QuietHours.parse(quiet_hours) if quiet_hours else None,
        default_project_id=row["default_project_id"],
        enabled=bool(row["enabled"]),
        schedule_base_at=time_or_none(row["schedule_base_at"]),
        schedule_note=row["schedule_note"],
        last_run_at=time_or_none(row["last_run_at"]),
        created_at=from_ms(row["created_at"]),
        updated_at=from_ms(row["updated_at"]),
    )


def _columns(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.id,
        "user_id": agent.user_id,
        "kind": agent.kind,
        "name": agent.name,
        "device_id": agent.device_id,
        "directory_paths": dump(agent.directory_paths),
        "file_extensions": dump(agent.file_extensions),
        "prompt_template": agent.prompt_template,
        "data_types": dump(agent.data_types),
        "schedule_cron": agent.schedule_cron,
        "timezone": agent.timezone,
        "missed": agent.missed,
        "max_age_hours": agent.max_age_hours,
        "quiet_hours": str(agent.quiet_hours) if agent.quiet_hours else None,
        "default_project_id": agent.default_project_id,
        "enabled": agent.enabled,
        "schedule_base_at": ms_or_none(agent.schedule_base_at),
        "schedule_note": agent.schedule_note,
        "last_run_at": ms_or_none(agent.last_run_at),
        "created_at": to_ms(agent.created_at),
        "updated_at": to_ms(agent.updated_at),
    }


def insert(tx: Transaction, agent: Agent) -> None:
    """Store a new agent."""
    columns = _columns(agent)
    tx.execute(
        f"INSERT INTO agents ({', '.join(columns)}) "
        f"VALUES ({', '.join(':' + name for name in columns)})",
        columns,
    )


def update(tx: Transaction, agent: Agent) -> None:
    """Store a changed agent."""
    columns = _columns(agent)
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    tx.execute(
        f"UPDATE agents SET {assignments} "
        "WHERE user_id = :user_id AND id = :id AND deleted_at IS NULL",
        columns,
    )


def get(connection: Connection, user_id: str, agent_id: str) -> Agent:
    """The agent; raises NotFound."""
    row = connection.execute(
        "SELECT * FROM agents WHERE user_id = ? AND id = ? AND deleted_at IS NULL",
        (user_id, agent_id),
    ).fetchone()
    if row is None:
        raise NotFound("there is no such agent")
    return _agent(row)


def find_by_name(connection: Connection, user_id: str, name: str) -> Agent | None:
    """The agent of this name."""
    row = connection.execute(
        "SELECT * FROM agents WHERE user_id = ? AND name = ? AND deleted_at IS NULL",
        (user_id, name),
    ).fetchone()
    return None if row is None else _agent(row)


def list_page(
    connection: Connection, user_id: str, *, limit: int, before: str | None
) -> list[Agent]:
    """Newest first, ids below `before`."""
    rows = connection.execute(
        "SELECT * FROM agents WHERE user_id = ? AND deleted_at IS NULL AND id < ? "
        "ORDER BY id DESC LIMIT ?",
        (user_id, before or "~", limit),
    )
    return [_agent(row) for row in rows]


def list_scheduled(connection: Connection, user_id: str, device_id: str) -> list[Agent]:
    """The enabled agents of a device that have a schedule, oldest first."""
    rows = connection.execute(
        "SELECT * FROM agents WHERE user_id = ? AND device_id = ? AND deleted_at IS NULL "
        "AND enabled AND schedule_cron IS NOT NULL ORDER BY id",
        (user_id, device_id),
    )
    return [_agent(row) for row in rows]


def list_scheduled_all_users(connection: Connection) -> list[Agent]:
    """Every enabled agent that has a schedule and has run before."""
    rows = connection.execute(
        "SELECT * FROM agents WHERE deleted_at IS NULL AND enabled"
        " AND schedule_cron IS NOT NULL AND schedule_base_at IS NOT NULL ORDER BY id"
    )
    return [_agent(row) for row in rows]


def set_note(tx: Transaction, user_id: str, agent_id: str, *, note: str | None) -> None:
    """Tell of fires that were not served."""
    tx.execute(
        "UPDATE agents SET schedule_note = ? WHERE user_id = ? AND id = ?",
        (note, user_id, agent_id),
    )


def mark_deleted(tx: Transaction, user_id: str, agent_id: str, *, now: datetime) -> None:
    """Delete the agent but keep its row, which its runs refer to."""
    tx.execute(
        "UPDATE agents SET deleted_at = ?, enabled = 0 WHERE user_id = ? AND id = ?",
        (to_ms(now), user_id, agent_id),
    )


def pause_of_device(tx: Transaction, user_id: str, device_id: str, *, now: datetime) -> None:
    """Pause every agent of a device."""
    tx.execute(
        "UPDATE agents SET enabled = 0, updated_at = ? "
        "WHERE user_id = ? AND device_id = ? AND deleted_at IS NULL",
        (to_ms(now), user_id, device_id),
    )


def set_schedule(
    tx: Transaction,
    user_id: str,
    agent_id: str,
    *,
    base_at: datetime,
    note: str | None,
) -> None:
    """Look for the next fire after `base_at`; `note` tells of fires that were not served."""
    tx.execute(
        "UPDATE agents SET schedule_base_at = ?, schedule_note = ? WHERE user_id = ? AND id = ?",
        (to_ms(base_at), note, user_id, agent_id),
    )


def set_last_run(tx: Transaction, user_id: str, agent_id: str, *, at: datetime) -> None:
    """Note when the agent last ran."""
    values: Mapping[str, Any] = {"at": to_ms(at), "user": user_id, "id": agent_id}
    tx.execute("UPDATE agents SET last_run_at = :at WHERE user_id = :user AND id = :id", values)
