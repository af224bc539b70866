"""Queues by rank, paused, limited in number and in rate; keys with places; unique keys."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from workshop import Handler, Workshop

from noond.errors import JobExists, NotFound
from noond.jobs.outcomes import Complete
from noond.models.job import Job, NewJob
from noond.models.rate import RateLimit
from noond.store import job_batches, job_queues


def new(name: str, **changes: Any) -> NewJob:
    return NewJob(**{"user_id": "ana", "job_type": "test", "payload": {"name": name}, **changes})


async def names(handler: Handler, count: int) -> list[str]:
    return [(await handler.next()).payload["name"] for _ in range(count)]


async def test_queues_start_by_rank(workshop: Workshop) -> None:
    handler = Handler()
    engine = workshop.engine_of(handler, slots=1)
    workshop.engine = engine
    order = ["cleanup-tasks", "default", "agent-tasks", "another"]
    await workshop.database.write(lambda _: None)
    for queue in order:
        await workshop.add(queue=queue, payload={"name": queue}, wake=False)
    await engine.start()
    assert await names(handler, 4) == ["agent-tasks", "another", "default", "cleanup-tasks"]
    await engine.stop(grace_seconds=1)


async def test_a_paused_queue_waits_and_delays_nobody(workshop: Workshop) -> None:
    handler = Handler()
    async with workshop.engine_for(handler) as engine:
        await engine.pause("q")
        paused = await workshop.add(queue="q")
        await workshop.until(await workshop.add(queue="default"), "completed")
        assert (await workshop.row(paused))["status"] == "pending"
        rules = await workshop.database.read(job_queues.list_rules)
        assert [(rule.queue, rule.paused_at is not None) for rule in rules] == [("q", True)]
        await engine.resume("q")
        await workshop.until(paused, "completed")
        assert await workshop.database.read(job_queues.list_rules) == []


async def test_a_queue_runs_as_many_as_it_was_told(workshop: Workshop) -> None:
    go_on = asyncio.Event()

    async def work(_: Job) -> None:
        await go_on.wait()

    handler = Handler(work)
    async with workshop.engine_for(handler, slots=8) as engine:
        await engine.set_concurrency("q", 2)
        ids = [await workshop.add(queue="q") for _ in range(5)]
        other = await workshop.add(queue="default")
        begun = {(await handler.next()).id for _ in range(3)}
        assert begun == {*ids[:2], other}
        await engine.set_concurrency("q", 3)
        assert (await handler.next()).id == ids[2]
        assert handler.running == 4
        go_on.set()
        for job_id in ids:
            await workshop.until(job_id, "completed")
    assert handler.most_running == 4


async def test_a_limited_type_holds_no_slot_and_delays_nobody(workshop: Workshop) -> None:
    limited = Handler(name="limited", rate=RateLimit(3, 0.4))
    free = Handler()
    async with workshop.engine_for(limited, free, slots=1) as engine:
        made = await engine.enqueue_many(
            [new(str(n), job_type="limited", priority=1) for n in range(7)]
        )
        await workshop.until(made[2].id, "completed")
        for _ in range(20):
            await workshop.until(await workshop.add(priority=9), "completed")
        times = []
        for each in made:
            row = await workshop.until(each.id, "completed")
            times.append(row["started_at"])
    assert [(await limited.next()).payload["name"] for _ in made] == list("0123456")
    assert all(later - first >= 400 for first, later in zip(times, times[3:], strict=False))
    assert times[-1] - times[0] < 1600


async def test_a_restart_does_not_forget_what_was_started(workshop: Workshop) -> None:
    limited = Handler(rate=RateLimit(2, 3600))
    async with workshop.engine_for(limited):
        await workshop.until(await workshop.add(), "completed")
    async with workshop.engine_for(limited):
        await workshop.until(await workshop.add(), "completed")
        third = await workshop.add()
        for _ in range(5):
            await workshop.database.write(lambda _: None)
        assert (await workshop.row(third))["status"] == "pending"


async def test_rates_of_keys_and_of_queues(workshop: Workshop) -> None:
    handler = Handler(key_rate=RateLimit(1, 0.2))
    async with workshop.engine_for(handler, rates={"default": "4/h"}) as engine:
        a = [await engine.enqueue(new(f"a{n}", rate_key="a")) for n in range(2)]
        await engine.enqueue(new("b0", rate_key="b"))
        assert await names(handler, 2) == ["a0", "b0"]
        await workshop.until(a[1].id, "completed")
        await workshop.until((await engine.enqueue(new("free"))).id, "completed")
        fifth = await engine.enqueue(new("fifth"))
        for _ in range(5):
            await workshop.database.write(lambda _: None)
        assert (await workshop.row(fifth.id))["status"] == "pending"


async def test_a_key_has_as_many_places_as_it_says_in_the_order_they_came(
    workshop: Workshop,
) -> None:
    async def work(_: Job) -> None:
        for _step in range(9):
            await asyncio.sleep(0)

    handler = Handler(work)
    async with workshop.engine_for(handler, slots=16) as engine:
        await engine.enqueue_many(
            [new(str(n), concurrency_key="k", concurrency_limit=3) for n in range(30)]
        )
        assert await names(handler, 30) == [str(n) for n in range(30)]
    assert handler.most_running == 3


async def test_a_job_that_leaves_the_line_of_a_key_lets_the_others_through(
    workshop: Workshop,
) -> None:
    release = asyncio.Event()

    async def work(job: Job) -> None:
        if job.payload["name"] == "first":
            await release.wait()

    handler = Handler(work)
    async with workshop.engine_for(handler, slots=2) as engine:
        first = await engine.enqueue(new("first", concurrency_key="k"))
        await workshop.until(first.id, "running")
        waiting = [await engine.enqueue(new(str(n), concurrency_key="k")) for n in range(4)]
        await engine.pause("default")
        release.set()
        await workshop.until(first.id, "completed")
        # The one that has come forward goes away before it starts.
        assert await engine.cancel("ana", waiting[0].id) == "requested"
        await engine.resume("default")
        for each in waiting[1:]:
            await workshop.until(each.id, "completed")


@pytest.mark.parametrize("on_conflict", ["existing", "replace", "reject"])
async def test_of_a_unique_key_one_job_is_not_final(workshop: Workshop, on_conflict: Any) -> None:
    handler = Handler()
    async with workshop.engine_for(handler) as engine:
        await engine.pause("default")
        first = await engine.enqueue(new("first", unique_key="u"))
        assert first.inserted
        second = new("second", unique_key="u", on_conflict=on_conflict)
        if on_conflict == "reject":
            with pytest.raises(JobExists) as refused:
                await engine.enqueue(second)
            assert refused.value.job_id == first.id
        else:
            met = await engine.enqueue(second)
            assert (met.id, met.inserted) == (first.id, False)
        assert (await engine.enqueue(new("ben's", user_id="ben", unique_key="u"))).inserted
        await engine.resume("default")
        expected = {"second" if on_conflict == "replace" else "first", "ben's"}
        assert set(await names(handler, 2)) == expected
        await workshop.until(first.id, "completed")
        assert (await engine.enqueue(second)).inserted


async def test_one_bad_job_of_many_in_a_transaction_is_refused_alone(workshop: Workshop) -> None:
    handler = Handler()
    async with workshop.engine_for(handler) as engine:
        users = ["ana"] * 5 + ["nobody"] + ["ana"] * 5
        made = await asyncio.gather(
            *(engine.enqueue(new(str(n), user_id=user)) for n, user in enumerate(users)),
            return_exceptions=True,
        )
        assert [isinstance(each, Exception) for each in made] == [u == "nobody" for u in users]
        assert len(await names(handler, 10)) == 10


async def test_an_end_that_can_never_be_stored_fails_its_job_alone(workshop: Workshop) -> None:
    async def work(job: Job) -> Complete:
        then = () if job.payload["name"] == "good" else (new("child", user_id="nobody"),)
        return Complete(then=then)

    async with workshop.engine_for(Handler(work)) as engine:
        made = await engine.enqueue_many([new("good"), new("bad"), new("good")])
        rows = [await workshop.until(each.id, "completed", "failed") for each in made]
    assert [row["status"] for row in rows] == ["completed", "failed", "completed"]
    assert "FOREIGN KEY" in rows[1]["error_message"]


async def test_many_are_queued_all_or_none(workshop: Workshop) -> None:
    handler = Handler()
    async with workshop.engine_for(handler) as engine:
        with pytest.raises(Exception, match="FOREIGN KEY"):
            await engine.enqueue_many([new("0"), new("1", user_id="nobody")])
        await workshop.until(await workshop.add(payload={"name": "after"}), "completed")
    assert (await handler.next()).payload["name"] == "after"


async def test_a_chain_goes_on_when_the_one_before_has_completed(workshop: Workshop) -> None:
    async def work(job: Job) -> None:
        if job.payload["name"] == "bad":
            raise OSError

    handler = Handler(work)
    async with workshop.engine_for(handler) as engine:
        then = tuple(new(name, max_retries=0) for name in ("second", "third"))
        first = await engine.enqueue(new("first", then=then))
        started = [await handler.next() for _ in range(3)]
        assert [job.payload["name"] for job in started] == ["first", "second", "third"]
        assert [job.parent_id for job in started] == [None, first.id, started[1].id]
        broken = await engine.enqueue(new("bad", max_retries=0, then=then))
        await workshop.until(broken.id, "failed")
        await workshop.until(await workshop.add(payload={"name": "after"}), "completed")
        assert await names(handler, 2) == ["bad", "after"]


async def test_a_batch_calls_back_once_when_all_have_ended(workshop: Workshop) -> None:
    async def work(job: Job) -> None:
        if job.payload["name"] == "bad":
            raise OSError

    handler = Handler(work)
    async with workshop.engine_for(handler, slots=8) as engine:
        members = [new(str(n)) for n in range(20)] + [new("bad", max_retries=0)]
        members += [new("chained", then=(new("last"),)), new("cancelled", queue="paused")]
        await engine.pause("paused")
        batch_id = await engine.enqueue_batch("ana", members, callback=new("callback"))
        await names(handler, 23)
        batch = await workshop.database.read(lambda c: job_batches.get(c, "ana", batch_id))
        while batch.pending > 1:
            await workshop.database.write(lambda _: None)
            batch = await workshop.database.read(lambda c: job_batches.get(c, "ana", batch_id))
        assert (batch.total, batch.failed, batch.completed_at) == (24, 1, None)
        (left,) = await workshop.database.read(
            lambda c: job_batches.list_unfinished(c, "ana", batch_id)
        )
        await engine.cancel("ana", left)
        callback = await handler.next()
        assert callback.payload == {"name": "callback", "batch_id": batch_id}
        await workshop.until(await workshop.add(payload={"name": "after"}), "completed")
        assert await names(handler, 1) == ["after"]
        batch = await workshop.database.read(lambda c: job_batches.get(c, "ana", batch_id))
        assert (batch.pending, batch.cancelled, batch.callback_job_id) == (0, 1, callback.id)
        with pytest.raises(NotFound):
            await workshop.database.read(lambda c: job_batches.get(c, "ben", batch_id))
