"""The job that tells the webhook of one change of a finding."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from noond.clock import Clock
from noond.config import JobSettings
from noond.findings.webhook import DELIVER_WEBHOOK, Webhook, WebhookRefused, change_key
from noond.jobs.context import JobContext
from noond.jobs.outcomes import Discard, Snooze
from noond.jobs.policy import PERMANENT_ERRORS, JobPolicy, standard_policy
from noond.models.job import Job
from noond.store import jobs
from noond.store.database import Database

_TRIES: Final = 10
_FIRST_PAUSE_SECONDS: Final = 10
_LONGEST_PAUSE_SECONDS: Final = 3600
_BEHIND_ANOTHER: Final = timedelta(seconds=1)


def delivery_policy(settings: JobSettings) -> JobPolicy:
    """Tried for about two hours. One at a time: findings are few."""
    return standard_policy(
        settings,
        max_retries=_TRIES,
        backoff_seconds=_FIRST_PAUSE_SECONDS,
        backoff_cap_seconds=_LONGEST_PAUSE_SECONDS,
        concurrent=1,
        errors={**PERMANENT_ERRORS, WebhookRefused: None},
    )


class DeliverWebhookJob:
    """Payload: what is sent. Those of one finding go in the order of its changes.

    It is sent at least once: a daemon that is killed between the answer and its own commit sends it
    again, under the same delivery id. Without a webhook what waits is given up.
    """

    name: Final = DELIVER_WEBHOOK

    def __init__(
        self, webhook: Webhook | None, database: Database, clock: Clock, policy: JobPolicy
    ) -> None:
        self._webhook = webhook
        self._database = database
        self._clock = clock
        self.policy = policy

    async def run(
        self,
        job: Job,
        context: JobContext,  # noqa: ARG002
    ) -> Snooze | Discard | dict[str, Any]:
        """See JobType. Waits behind an earlier delivery of the same finding."""
        if self._webhook is None:
            return Discard(message="findings.webhook_url is not set any more")
        finding_id = job.payload["finding"]["id"]
        earlier = await self._database.read(
            lambda c: jobs.due_between(
                c,
                job.user_id,
                self.name,
                first_key=change_key(finding_id, 0),
                end_key=change_key(finding_id, job.payload["change"]),
            )
        )
        if earlier is not None:
            return Snooze(until=max(earlier, self._clock.now()) + _BEHIND_ANOTHER)
        return {"status": await self._webhook.send(job.id, job.payload)}
