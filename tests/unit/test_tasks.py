"""The supervisor: tasks are named, failures are logged, nothing is left behind."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from noond.tasks import Supervisor


async def test_what_still_runs_is_cancelled_at_the_end() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with Supervisor() as tasks:
        task = tasks.start(work(), name="worker")
        await asyncio.sleep(0)
    assert ended.is_set()
    assert task.cancelled()
    assert task.get_name() == "worker"


async def test_a_failure_is_logged_under_its_name() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    with structlog.testing.capture_logs() as logs:
        async with Supervisor() as tasks:
            task = tasks.start(fail(), name="worker")
            with pytest.raises(ValueError, match="broken"):
                await task
    assert [(entry["event"], entry["task"]) for entry in logs] == [("task_failed", "worker")]


async def test_a_task_started_while_stopping_is_cancelled_too() -> None:
    late: list[asyncio.Task[None]] = []

    async with Supervisor() as tasks:

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                late.append(tasks.start(asyncio.Event().wait(), name="late"))  # type: ignore[arg-type]

        tasks.start(work(), name="worker")
        await asyncio.sleep(0)
    assert [task.cancelled() for task in late] == [True]
