"""Answers one message: puts the parts together for an attempt, and keeps what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from zoneinfo import ZoneInfo

from noond.accounts.quotas import Quotas
from noond.assistant.accounting import Accounting
from noond.assistant.answers import Answer
from noond.assistant.by_model import GAP, ModelAnswering
from noond.assistant.by_rules import answer_by_rules
from noond.assistant.diary import Diary
from noond.assistant.handling import ToolHand
from noond.assistant.intents import extract_entities, extract_intent
from noond.assistant.memory import Memory
from noond.assistant.registry import ChatAgent, get_chat_agent
from noond.assistant.telling import Telling, Wakes
from noond.assistant.tools import Toolbox, ToolCaller
from noond.clock import Clock
from noond.config import AssistantSettings
from noond.errors import Invalid, JobExpired, ModelNeeded, NoondError, NotFound, StorageError
from noond.jobs.context import JobContext
from noond.llm.dialogue import DialogueClient
from noond.models.activity import Activity
from noond.models.invocation import PREVIOUS, Invocation, TaskEventName
from noond.models.job import Job
from noond.runners.agents import Agents
from noond.store import agent_tasks, job_states, task_events, users
from noond.store.database import Database
from noond.store.rows import Transaction
from noond.tasks import Supervisor

_LONGEST: Final = 100_000
"""Characters of a message with the answer before in it."""


class Answering:
    """What the tasks of chat agents do. Without a model (`dialogue` None) rules answer."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: AssistantSettings,
        *,
        dialogue: DialogueClient | None,
        toolbox: Toolbox,
        agents: Agents,
        diary: Diary,
        quotas: Quotas,
        tasks: Supervisor,
        wakes: Wakes,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._dialogue = dialogue
        self._toolbox = toolbox
        self._agents = agents
        self._diary = diary
        self._quotas = quotas
        self._tasks = tasks
        self._wakes = wakes

    async def run(
        self,
        job: Job,
        context: JobContext,
        *,
        streams: bool,
        gives_up: Callable[[NoondError], bool],
    ) -> dict[str, Any]:
        """The task's result: content and metadata. What goes wrong is told before it is raised.

        `gives_up`: whether the task is not tried again after this error. Raises ModelError,
        BudgetReached, QuotaReached, ModelNeeded, NotFound, StorageError.
        """
        telling = Telling(
            context,
            tasks=self._tasks,
            wake=self._wakes.wake,
            last_seq=await self._last_seq(job),
            streams=streams,
        )
        telling.begin(_still_counts(await context.steps()))
        context.progress(20)
        try:
            result = await self._answer(job, context, telling)
        except StorageError:
            raise
        except NoondError as error:
            telling.error(error)
            await telling.told()
            if gives_up(error):
                await self._enter_failure(job, error)
            raise
        await telling.told()
        return result

    async def _last_seq(self, job: Job) -> int:
        if job.attempt == 1:
            return 0
        return await self._database.read(lambda c: task_events.last_seq(c, job.user_id, job.id))

    async def _results_told(self, job: Job) -> int:
        """How many tools' results earlier attempts have told of."""
        if job.attempt == 1:
            return 0
        return await self._database.read(
            lambda c: task_events.count(c, job.user_id, job.id, TaskEventName.TOOL_RESULT)
        )

    async def _answer(self, job: Job, context: JobContext, telling: Telling) -> dict[str, Any]:
        steps = await context.steps()
        if "answer" in steps:
            return dict(steps["answer"])
        invocation = Invocation.of_payload(job.payload)
        agent = get_chat_agent(invocation.agent_id)
        user = await self._database.read(lambda c: users.get(c, job.user_id))
        if not invocation.counted:
            await context.step_in_transaction(
                "quota",
                lambda tx: self._quotas.take(tx, user.id, "invocations", self._clock.now()),
            )
        message, tainted = await self._message(job, invocation)
        caller = ToolCaller(user=user, said=invocation.message, tainted=tainted)
        # A role may have been taken away since the message was sent.
        hand = ToolHand(
            self._toolbox,
            context,
            telling,
            invocation.scopes & user.role.scopes,
            told=await self._results_told(job),
        )
        memory = Memory(
            self._database,
            self._clock,
            context,
            invocation,
            keeps=self._settings.context_messages,
        )
        await memory.hear(message, tainted=tainted)
        if self._dialogue is not None:
            answering = ModelAnswering(
                self._dialogue,
                agent=agent,
                context=context,
                telling=telling,
                hand=hand,
                memory=memory,
                caller=caller,
                accounting=Accounting(
                    self._database,
                    job,
                    user,
                    agent_id=agent.id,
                    intent=extract_intent(invocation.message),
                    entities=extract_entities(
                        invocation.message, now=self._clock.now(), zone=ZoneInfo(user.timezone)
                    ),
                ),
                clock=self._clock,
                most_steps=self._settings.steps if agent.uses_tools else 1,
            )
            answer = await answering.answer(message)
        elif agent.needs_model:
            raise ModelNeeded
        else:
            answer = await answer_by_rules(self._agents, context, telling, hand, caller)
        context.progress(80)
        return await self._keep(context, telling, memory, agent, invocation, answer)

    async def _message(self, job: Job, invocation: Invocation) -> tuple[str, bool]:
        """The message with the answer before it in the chain in its place, and whether that may
        repeat text from documents. Raises NotFound.
        """
        parent_id = job.parent_id
        if not invocation.previous or parent_id is None or PREVIOUS not in invocation.message:
            return invocation.message, False
        try:
            result = await self._database.read(
                lambda c: job_states.find_result(c, job.user_id, parent_id)
            )
        except JobExpired:
            result = None
        if result is None:
            raise NotFound("the answer before this one in the chain is not kept any more")
        message = invocation.message.replace(PREVIOUS, result["content"])
        if len(message) > _LONGEST:
            raise Invalid(f"with the answer before in it, the message is longer than {_LONGEST}")
        return message, bool(result["metadata"]["tainted"])

    async def _keep(
        self,
        context: JobContext,
        telling: Telling,
        memory: Memory,
        agent: ChatAgent,
        invocation: Invocation,
        answer: Answer,
    ) -> dict[str, Any]:
        """Store the answer, and with it all that tells of it: once."""
        job = context.job
        spent = await self._database.read(lambda c: agent_tasks.spent(c, job.user_id, job.id))
        usage = {
            "model": answer.model,
            "calls": spent.calls,
            "prompt_tokens": spent.prompt_tokens,
            "completion_tokens": spent.completion_tokens,
            "tokens_used": spent.tokens,
            "cost": spent.cost_usd,
        }

        async def build() -> dict[str, Any]:
            metadata = {
                "agent_id": agent.id,
                "session_id": invocation.conversation_id,
                **usage,
                "finish_reason": answer.finish_reason,
                "partial": answer.finish_reason == "timeout",
                "success": answer.success,
                "tools": list(answer.tools),
                "tainted": answer.tainted,
                "request": dict(invocation.metadata),
            }
            return {
                "content": answer.content,
                "tool_result": answer.tool_result,
                "metadata": metadata,
            }

        telling.usage(usage)
        entered: list[Activity | None] = []

        def also(tx: Transaction, kept: dict[str, Any]) -> None:
            entered.extend(
                self._diary.enter(
                    tx,
                    job.user_id,
                    message=invocation.message,
                    response=answer.content,
                    metadata={"task_id": job.id, **kept["metadata"]},
                )
            )
            telling.store_in(tx)
            memory.answer(
                tx,
                answer.content,
                tainted=answer.tainted,
                tokens=spent.tokens,
                cost_usd=spent.cost_usd or 0.0,
            )

        kept: dict[str, Any] = await context.step("answer", build, also=also)
        self._diary.told(tuple(entered))
        return kept

    async def _enter_failure(self, job: Job, error: NoondError) -> None:
        invocation = Invocation.of_payload(job.payload)
        metadata = {
            "task_id": job.id,
            "agent_id": invocation.agent_id,
            "session_id": invocation.conversation_id,
            "code": error.code,
        }
        entered = await self._database.write(
            lambda tx: self._diary.enter(
                tx,
                job.user_id,
                message=invocation.message,
                response=None,
                error=error.message,
                metadata=metadata,
            )
        )
        self._diary.told(entered)


def _still_counts(steps: dict[str, Any]) -> str:
    """What of the answer stands from earlier attempts."""
    if "answer" in steps:
        return str(steps["answer"]["content"])
    texts = [steps[name]["text"] for name in sorted(steps, key=_number) if _number(name)]
    return GAP.join(text for text in texts if text)


def _number(step: str) -> int:
    """Which utterance of the model the step keeps; 0: none."""
    kind, _, number = step.partition("-")
    return int(number) if kind == "model" else 0
