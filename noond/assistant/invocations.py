"""Messages to chat agents become tasks: one, many at once, or one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from noond.accounts.quotas import Quotas
from noond.assistant.registry import ChatAgent, find_chat_agent
from noond.clock import Clock
from noond.errors import Conflict, Invalid, ModelNeeded, NotFound
from noond.jobs.requests import JobRequests
from noond.models.invocation import INVOCATION, PREVIOUS, STREAMING, Invocation
from noond.models.job import NewJob
from noond.store import agents, conversations, job_batches, jobs
from noond.store.rows import Connection, Transaction

MOST_AT_ONCE: Final = 100
"""Messages of one batch or chain at most."""


class Invocations:
    """Queues tasks inside the caller's transaction; `submitted` must follow its commit."""

    def __init__(
        self, requests: JobRequests, clock: Clock, quotas: Quotas, *, has_model: bool
    ) -> None:
        self._requests = requests
        self._clock = clock
        self._quotas = quotas
        self.has_model = has_model
        """Whether there is a model to answer."""

    def agent(self, connection: Connection, user_id: str, agent_id: str) -> ChatAgent:
        """The agent that a message goes to. Raises NotFound, Conflict, ModelNeeded."""
        agent = find_chat_agent(agent_id)
        if agent is None:
            agents.get(connection, user_id, agent_id)
            raise Conflict(
                "this agent reads folders and answers no messages; start a run with "
                f"POST /api/v1/agents/{agent_id}/runs"
            )
        if agent.needs_model and not self.has_model:
            raise ModelNeeded
        return agent

    def submit(
        self,
        tx: Transaction,
        user_id: str,
        invocation: Invocation,
        *,
        streams: bool = False,
        retries: bool = False,
    ) -> str:
        """Queue one message; the task's id. `retries`: nobody waits, so a failure is tried again.

        Raises NotFound for the agent or the conversation, Conflict, ModelNeeded, QuotaReached.
        """
        job = self.job(
            tx, user_id, self._counted(tx, user_id, invocation), streams=streams, retries=retries
        )
        return jobs.insert(tx, job, now=self._clock.now()).id

    def submit_batch(
        self, tx: Transaction, user_id: str, invocations: Sequence[Invocation]
    ) -> tuple[str, list[str]]:
        """Queue messages that are answered side by side; the ids of the batch and its tasks.

        Raises as `submit`, naming the message.
        """
        members = [
            self._member(tx, user_id, invocation, f"invocations.{place}")
            for place, invocation in enumerate(invocations)
        ]
        batch_id = job_batches.insert(tx, user_id, members, callback=None, now=self._clock.now())
        return batch_id, job_batches.list_unfinished(tx, user_id, batch_id)

    def submit_chain(
        self, tx: Transaction, user_id: str, invocations: Sequence[Invocation]
    ) -> tuple[str, str]:
        """Queue messages that are answered one after the other; the ids of the batch that counts
        them and of the first task.

        In each message PREVIOUS stands for the answer before. Raises as `submit`.
        """
        if PREVIOUS in invocations[0].message:
            raise Invalid.field("steps.0.message", f"{PREVIOUS} has nothing before it")
        first, *rest = [
            self._member(tx, user_id, replace(invocation, previous=place > 0), f"steps.{place}")
            for place, invocation in enumerate(invocations)
        ]
        now = self._clock.now()
        batch_id = job_batches.insert(
            tx, user_id, [replace(first, then=tuple(rest))], callback=None, now=now
        )
        return batch_id, job_batches.list_unfinished(tx, user_id, batch_id)[0]

    def submitted(self) -> None:
        """Tasks were queued: let them begin."""
        self._requests.wake()

    def job(
        self,
        connection: Connection,
        user_id: str,
        invocation: Invocation,
        *,
        streams: bool = False,
        retries: bool = True,
    ) -> NewJob:
        """The job that answers the message. Raises as `submit`."""
        self.agent(connection, user_id, invocation.agent_id)
        changes: dict[str, Any] = {} if retries else {"max_retries": 0}
        if invocation.conversation_id is not None:
            # Its messages are answered in their order.
            changes["concurrency_key"] = f"conversation:{invocation.conversation_id}"
            conversations.get(
                connection, user_id, invocation.conversation_id, now=self._clock.now()
            )
        return self._requests.new_job(
            STREAMING if streams else INVOCATION, user_id, invocation.payload(), **changes
        )

    def _counted(self, tx: Transaction, user_id: str, invocation: Invocation) -> Invocation:
        """Ask the user's quota; raises QuotaReached."""
        self._quotas.take(tx, user_id, "invocations", self._clock.now())
        return replace(invocation, counted=True)

    def _member(self, tx: Transaction, user_id: str, invocation: Invocation, place: str) -> NewJob:
        try:
            return self.job(tx, user_id, self._counted(tx, user_id, invocation))
        except NotFound as error:
            raise Invalid.field(place, error.message) from None
