"""Sees to it that the clock queues the clean-ups."""

from __future__ import annotations

from collections.abc import Sequence

from noond.clock import Clock
from noond.store import clockwork, job_schedules
from noond.store.rows import Transaction
from noond.work.cleanup import Cleanup


def keep_schedules(tx: Transaction, types: Sequence[Cleanup], clock: Clock) -> None:
    """Each type has one schedule, the first owner's; those of others and old types are deleted.

    One that stands as it should is left alone, so that what it missed is made up for.
    """
    keeper = clockwork.keeper_all_users(tx)
    if keeper is None:
        return  # nothing belongs to anybody yet
    wanted = {
        each.name: (each.policy.new_job(each.name, keeper, {}, clock), each.cron) for each in types
    }
    for present in clockwork.list_all_users(tx):
        job_type = present.template["job_type"]
        if job_type in wanted:
            job, cron = wanted[job_type]
            if clockwork.stands(present, job, cron=cron):
                del wanted[job_type]
                continue
        job_schedules.delete(tx, present.user_id, present.id)
    for job, cron in wanted.values():
        clockwork.add(tx, job, cron=cron, now=clock.now())
