"""What a task tells is on the disk, in order and whole, or the attempt fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from noond.assistant.handling import ToolHand
from noond.assistant.lookups import NoArguments
from noond.assistant.telling import Telling
from noond.assistant.tools import Question, Toolbox, ToolCaller, ToolResult
from noond.jobs.context import JobContext
from noond.models.account import Scope
from noond.models.invocation import TaskEventName
from noond.store import task_events, users
from noond.store.rows import Connection
from noond.tasks import Supervisor

if TYPE_CHECKING:
    from noond.models.job import Job
    from tests.integration.api.conftest import World

ASKED: list[str] = []


async def ask(_caller: ToolCaller, _: NoArguments) -> ToolResult:
    ASKED.append("asked")
    return {"agents": []}


async def ended(world: World, job: Any) -> dict[str, Any]:
    """The job of the test's own type, once it has ended."""
    queued = await world.engine.enqueue(job)
    async with asyncio.timeout(10):
        while True:
            shown: dict[str, Any] = (await world.send("GET", f"/api/v1/jobs/{queued.id}")).json
            if shown["status"] in ("completed", "failed"):
                return shown


async def test_a_kept_result_that_was_not_told_is_told_by_the_next_attempt(world: World) -> None:
    toolbox = Toolbox()
    toolbox.add(
        [
            Question(
                name=name, description="", scope=Scope.AGENTS_READ, arguments=NoArguments, ask=ask
            )
            for name in ("first", "second")
        ]
    )
    user = await world.database.read(lambda c: users.get(c, "ana"))
    ASKED.clear()
    async with Supervisor() as tasks:

        async def talk(job: Job, context: JobContext) -> None:
            def known(connection: Connection) -> tuple[int, int]:
                told = task_events.count(connection, "ana", job.id, TaskEventName.TOOL_RESULT)
                return task_events.last_seq(connection, "ana", job.id), told

            last_seq, told = await world.database.read(known)
            telling = Telling(
                context, tasks=tasks, wake=lambda _: None, last_seq=last_seq, streams=True
            )
            hand = ToolHand(toolbox, context, telling, frozenset({Scope.AGENTS_READ}), told=told)
            caller = ToolCaller(user=user, said="")
            await hand.call("tool-1-1", caller, "first", {}, call_id="a")
            if job.attempt == 1:
                telling.tool_result = lambda *_: None  # type: ignore[method-assign]
            await hand.call("tool-1-2", caller, "second", {}, call_id="b")
            await telling.told()
            if job.attempt == 1:
                raise RuntimeError("it dies between keeping and telling")

        world.handler.talk = talk
        job = world.engine.new_job("test", "ana", {}, max_retries=1)
        shown = await ended(world, job)
    story = await world.database.read(lambda c: task_events.list_story(c, "ana", shown["id"]))
    assert (shown["status"], ASKED) == ("completed", ["asked"] * 2)
    assert [(event.seq, event.name.value, event.data["tool_call_id"]) for event in story] == [
        (1, "tool_call", "a"),
        (2, "tool_result", "a"),
        (3, "tool_call", "b"),
        (4, "tool_result", "b"),
    ]


async def test_what_was_not_stored_is_not_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_context: JobContext, _work: Any) -> None:
        raise RuntimeError("no paper")

    async with Supervisor() as tasks:

        async def talk(_job: Job, context: JobContext) -> None:
            telling = Telling(context, tasks=tasks, wake=lambda _: None, last_seq=0, streams=True)
            with monkeypatch.context() as patch:
                patch.setattr(JobContext, "store", full)
                telling.delta("lost ")
                await asyncio.gather(*tasks._tasks, return_exceptions=True)
            telling.delta("kept")
            await telling.told()

        world.handler.talk = talk
        shown = await ended(world, world.engine.new_job("test", "ana", {}))
    assert (shown["status"], "no paper" in shown["attempts"][0]["error"]) == ("failed", True)
    events = await world.database.read(
        lambda c: task_events.list_after(c, "ana", shown["id"], after=0, limit=9)
    )
    assert events == [], "nothing stands after what is missing"
