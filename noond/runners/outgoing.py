"""The calls that the outbox sends: inserts of journaled records, and deletions of undone ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from noond.hub.frames import Source, ToolCall
from noond.models.delivery import Delivery, Retracted, Settled
from noond.models.document import Table
from noond.runners.outcome import correct_final_status
from noond.store import journal, retractions, runs
from noond.store.retractions import Retraction
from noond.store.rows import Connection, Transaction

MAX_UNANSWERED: Final = 5


class OutgoingCall(Protocol):
    """A journaled call and what its outcomes mean; handlers run in the outcome's transaction.

    They return what has become of the call. None: the journal says what to do with it.
    """

    @property
    def id(self) -> str:
        """The call's id, the same each time it is sent."""
        ...

    @property
    def user_id(self) -> str:
        """Whose it is."""
        ...

    @property
    def run_id(self) -> str:
        """The run it belongs to."""
        ...

    def frame(self, deadline_ms: int) -> ToolCall:
        """What is sent."""
        ...

    def on_result(
        self, tx: Transaction, result: dict[str, Any], *, now: datetime
    ) -> Settled | Retracted | None:
        """The device has applied it."""
        ...

    def on_refusal(
        self, tx: Transaction, error: str, *, now: datetime
    ) -> Settled | Retracted | None:
        """The device has answered with an error."""
        ...

    def on_silence(self, tx: Transaction, *, now: datetime) -> Settled | Retracted | None:
        """A live connection gave no answer; None: it is sent again."""
        ...


def list_pending(
    connection: Connection, user_id: str, device_id: str, *, besides: Collection[str], limit: int
) -> list[OutgoingCall]:
    """The device's pending calls in the order they were journaled, without those under way."""
    inserts = journal.list_pending(connection, user_id, device_id, besides=besides, limit=limit)
    calls: list[OutgoingCall] = [InsertCall(delivery) for delivery in inserts]
    if len(calls) < limit:
        calls += [
            DeleteCall(retraction)
            for retraction in retractions.list_pending(
                connection, user_id, device_id, besides=besides, limit=limit - len(calls)
            )
        ]
    return calls


@dataclass(frozen=True, slots=True)
class InsertCall:
    """A record on its way to the device. The approval flags are set here and nowhere else."""

    delivery: Delivery

    @property
    def id(self) -> str:
        """See OutgoingCall."""
        return self.delivery.id

    @property
    def user_id(self) -> str:
        """See OutgoingCall."""
        return self.delivery.user_id

    @property
    def run_id(self) -> str:
        """See OutgoingCall."""
        return self.delivery.run_id

    def frame(self, deadline_ms: int) -> ToolCall:
        """See OutgoingCall."""
        delivery = self.delivery
        return ToolCall(
            id=delivery.id,
            action="insert",
            table=Table(delivery.table),
            data={**delivery.data, "isAiSuggested": 1, "isApproved": 0},
            source=Source(
                agent_id=delivery.agent_id,
                run_id=delivery.run_id,
                path=delivery.path,
                quote=delivery.quote,
                sha256=delivery.sha256,
            ),
            deadline_ms=deadline_ms,
        )

    def on_result(
        self, tx: Transaction, result: dict[str, Any], *, now: datetime
    ) -> Settled | None:
        """See OutgoingCall."""
        record_id = None if result.get("id") is None else str(result["id"])[:200]
        first = journal.set_delivered(
            tx, self.user_id, self.id, device_record_id=record_id, now=now
        )
        if first:
            runs.count_created(tx, self.user_id, self.run_id)
        correct_final_status(tx, self.user_id, self.run_id)
        if not first:
            return None
        return Settled(
            delivery_id=self.id,
            run_id=self.run_id,
            device_id=self.delivery.device_id,
            status="delivered",
            device_record_id=record_id,
        )

    def on_refusal(self, tx: Transaction, error: str, *, now: datetime) -> Settled | None:
        """See OutgoingCall."""
        return self._fail(tx, "insert_failed", error, now)

    def on_silence(self, tx: Transaction, *, now: datetime) -> Settled | None:
        """See OutgoingCall."""
        if journal.count_unanswered(tx, self.user_id, self.id) < MAX_UNANSWERED:
            return None
        return self._fail(tx, "no_answer", f"the device did not answer {MAX_UNANSWERED} times", now)

    def _fail(self, tx: Transaction, code: str, error: str, now: datetime) -> Settled | None:
        first = journal.set_failed(tx, self.user_id, self.id, code=code, error=error, now=now)
        correct_final_status(tx, self.user_id, self.run_id)
        if not first:
            return None
        return Settled(
            delivery_id=self.id,
            run_id=self.run_id,
            device_id=self.delivery.device_id,
            status="failed",
            error=error[:2000],
        )


@dataclass(frozen=True, slots=True)
class DeleteCall:
    """An undone record to delete. A device refuses where the person has edited or approved it."""

    retraction: Retraction

    @property
    def id(self) -> str:
        """See OutgoingCall."""
        return self.retraction.id

    @property
    def user_id(self) -> str:
        """See OutgoingCall."""
        return self.retraction.user_id

    @property
    def run_id(self) -> str:
        """See OutgoingCall."""
        return self.retraction.run_id

    def frame(self, deadline_ms: int) -> ToolCall:
        """See OutgoingCall."""
        return ToolCall(
            id=self.id,
            action="delete",
            table=Table(self.retraction.table),
            record_id=self.retraction.device_record_id,
            deadline_ms=deadline_ms,
        )

    def on_result(
        self,
        tx: Transaction,
        result: dict[str, Any],  # noqa: ARG002
        *,
        now: datetime,
    ) -> Retracted | None:
        """See OutgoingCall."""
        return self._settle(tx, "deleted", None, now)

    def on_refusal(self, tx: Transaction, error: str, *, now: datetime) -> Retracted | None:
        """See OutgoingCall."""
        return self._settle(tx, "kept", error, now)

    def on_silence(self, tx: Transaction, *, now: datetime) -> Retracted | None:
        """See OutgoingCall."""
        if retractions.count_unanswered(tx, self.user_id, self.id) < MAX_UNANSWERED:
            return None
        message = f"the device did not answer {MAX_UNANSWERED} times"
        return self._settle(tx, "failed", message, now)

    def _settle(
        self,
        tx: Transaction,
        status: Literal["deleted", "kept", "failed"],
        error: str | None,
        now: datetime,
    ) -> Retracted | None:
        if not retractions.settle(tx, self.user_id, self.id, status, error=error, now=now):
            return None
        return Retracted(
            delivery_id=self.retraction.delivery_id,
            run_id=self.run_id,
            device_id=self.retraction.device_id,
            retraction=status,
            retraction_error=None if error is None else error[:2000],
        )
