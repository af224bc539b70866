"""Attempts that go wrong: tried again, given up, put off; each error and next time is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from workshop import Handler, Workshop

from noond.errors import Invalid, RateLimited
from noond.jobs.outcomes import Cancel, Complete, Discard, Retry, Snooze
from noond.jobs.policy import JobPolicy
from noond.models.job import Job, JobAttempt, Reason
from noond.store import job_states


async def attempts_of(workshop: Workshop, job_id: str) -> list[JobAttempt]:
    return await workshop.database.read(lambda c: job_states.list_attempts(c, "ana", job_id))


def failing(times: int, error: Exception) -> Handler:
    async def work(job: Job) -> str:
        if job.attempt <= times:
            raise error
        return "at last"

    return Handler(work, max_retries=3)


async def test_an_error_is_tried_again_until_it_works(workshop: Workshop) -> None:
    async with workshop.engine_for(failing(2, OSError("no route"))):
        job_id = await workshop.add(max_retries=3)
        row = await workshop.until(job_id, "completed", "failed")
    assert (row["status"], row["attempt"], row["retry_count"]) == ("completed", 3, 2)
    kept = await attempts_of(workshop, job_id)
    assert [(each.attempt, each.reason, each.error) for each in kept] == [
        (1, Reason.ERROR, "OSError: no route"),
        (2, Reason.ERROR, "OSError: no route"),
    ]
    assert all(each.next_at is not None and each.next_at >= each.ended_at for each in kept)
    assert await workshop.result(job_id) == "at last"


async def test_after_the_last_retry_it_has_failed_with_its_error(workshop: Workshop) -> None:
    async with workshop.engine_for(failing(99, OSError("no route"))):
        job_id = await workshop.add(max_retries=3)
        row = await workshop.until(job_id, "completed", "failed")
    assert (row["status"], row["attempt"], row["reason"]) == ("failed", 4, "error")
    assert row["error_message"] == "OSError: no route"
    assert [each.next_at is None for each in await attempts_of(workshop, job_id)] == [
        False, False, False, True,
    ]  # fmt: skip


async def test_a_permanent_error_is_never_tried_again(workshop: Workshop) -> None:
    async with workshop.engine_for(failing(99, Invalid("no such calendar"))):
        job_id = await workshop.add(max_retries=3)
        row = await workshop.until(job_id, "failed")
    assert (row["attempt"], row["reason"]) == (1, "permanent")


async def test_the_other_side_says_when(workshop: Workshop) -> None:
    async with workshop.engine_for(failing(1, RateLimited(retry_after_seconds=3600))):
        job_id = await workshop.add(max_retries=3)
        row = await workshop.until_row(job_id, lambda row: row["retry_count"] == 1)
    assert row["status"] == "pending"
    assert row["scheduled_at"] >= (workshop.clock.now() + timedelta(minutes=59)).timestamp() * 1000


@pytest.mark.parametrize(
    ("outcome", "status", "reason", "error", "retries"),
    [
        (Cancel(message="not needed"), "cancelled", None, "not needed", 0),
        (Discard(message="no such mailbox"), "failed", "discarded", "no such mailbox", 0),
        (Retry(after_seconds=0), "failed", "error", "the handler asked for a retry", 2),
        ({"status": "success"}, "completed", None, None, 0),
        (Complete(result=[1]), "completed", None, None, 0),
        (
            object(),
            "failed",
            "error",
            "TypeError: Object of type object is not JSON serializable",
            2,
        ),
    ],
)
async def test_what_a_handler_returns_decides(
    workshop: Workshop,
    outcome: Any,
    status: str,
    reason: str | None,
    error: str | None,
    retries: int,
) -> None:
    async def work(_: Job) -> Any:
        return outcome

    async with workshop.engine_for(Handler(work)):
        job_id = await workshop.add(max_retries=2)
        row = await workshop.until(job_id, "completed", "failed", "cancelled")
    assert (row["status"], row["reason"], row["error_message"]) == (status, reason, error)
    assert row["retry_count"] == retries


async def test_a_snooze_uses_up_no_retry(workshop: Workshop) -> None:
    async def work(job: Job) -> Any:
        return Snooze(until=workshop.clock.now()) if job.attempt < 6 else None

    async with workshop.engine_for(Handler(work)):
        job_id = await workshop.add(max_retries=1)
        row = await workshop.until(job_id, "completed", "failed")
    assert (row["status"], row["attempt"], row["retry_count"]) == ("completed", 6, 0)
    assert await attempts_of(workshop, job_id) == []


def test_the_back_off_doubles_up_to_its_cap_and_is_spread() -> None:
    policy = JobPolicy(errors={OSError: 5, ValueError: None})
    assert [policy.retry_seconds(n, 0) for n in range(6)] == [60, 120, 240, 480, 600, 600]
    assert [policy.retry_seconds(n, 1) for n in range(2)] == [45, 90]
    assert policy.retry_seconds(10_000, 0) == 600
    assert policy.retry_seconds(0, 0, ConnectionError()) == 5
    assert policy.retry_seconds(0, 0, UnicodeDecodeError("utf-8", b"", 0, 1, "")) is None
    assert policy.retry_seconds(0, 0, KeyError()) == 60
