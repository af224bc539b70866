"""At whose expense a task talks with the model: every call is entered, whatever became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from noond.assistant.intents import Intent
from noond.llm.usage import CallAccount
from noond.models.account import User
from noond.models.document import LLMCall
from noond.models.job import Job
from noond.store import observability
from noond.store.database import Database
from noond.store.rows import Transaction

INVOKE = "invoke"
SUMMARISE = "summarise"


class Accounting:
    """The account of one task; calls are entered under the task's id, with what it is about."""

    def __init__(
        self,
        database: Database,
        job: Job,
        user: User,
        *,
        agent_id: str,
        intent: Intent | None,
        entities: Mapping[str, Any],
    ) -> None:
        self._database = database
        self._intent = intent
        self._entities = entities
        self.account = CallAccount(
            user_id=user.id, agent_id=agent_id, run_id=job.id, timezone=user.timezone
        )

    def enter(self, tx: Transaction, action: str, calls: Sequence[LLMCall]) -> None:
        """Enter calls in the transaction that keeps what came of them."""
        observability.insert_dialogue_calls(
            tx,
            self.account.user_id,
            agent_id=self.account.agent_id,
            run_id=self.account.run_id,
            action=action,
            calls=calls,
            intent_category=self._intent,
            entities=self._entities or None,
        )

    async def enter_now(self, action: str, calls: Sequence[LLMCall]) -> None:
        """Enter calls that nothing came of."""
        if calls:
            await self._database.write(lambda tx: self.enter(tx, action, calls))
