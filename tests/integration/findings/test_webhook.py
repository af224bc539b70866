"""Findings reach a webhook: signed, in order, once, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from new_database import new_database
from webhook_receiver import Received, Receiver, webhook_receiver
from workshop import Commits, Workshop

import noond
from noond.config import FindingSettings, JobSettings
from noond.events import EventBus
from noond.findings.findings import Findings
from noond.findings.webhook import DELIVER_WEBHOOK, Webhook, WebhookQueue
from noond.jobs.policy import JobPolicy
from noond.models.account import Role, User
from noond.models.finding import FindingKind, Observation
from noond.store import users
from noond.store.database import Database
from noond.work.deliver_webhook import DeliverWebhookJob, delivery_policy

SECRET = "a sentence that only two know"
KIND = FindingKind.QUEUE_GROWING


class Office:
    """Findings, the engine that delivers them, and the database that both are in."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.policy = JobPolicy(max_retries=3, backoff_seconds=0, concurrent=1)
        self.findings: Findings

    @asynccontextmanager
    async def open(self, url: str | None) -> AsyncIterator[None]:
        """Run until the block ends; every delivery of before is there at the next time."""
        shop = self.workshop
        webhook = None
        if url is not None:
            webhook = Webhook(url, SECRET, shop.clock, allow_private=False)
        job_type: Any = DeliverWebhookJob(webhook, shop.database, shop.clock, self.policy)
        async with shop.engine_for(job_type) as engine:
            self.findings = Findings(
                shop.database,
                shop.clock,
                EventBus(clock=shop.clock),
                FindingSettings(),
                deliver=WebhookQueue(self.policy, shop.clock).deliver,
                wake=engine.wake,
            )
            await self.findings.load()
            yield

    async def saw(self, detail: str, subject: str = "letters") -> None:
        await self.findings.saw(
            Observation(
                user_id=None, kind=KIND, subject=subject, title="Jobs pile up", detail=detail
            )
        )

    async def over(self, subject: str = "letters") -> None:
        await self.findings.over(None, KIND, subject)

    async def deliveries(self) -> list[dict[str, Any]]:
        """The jobs of all deliveries, oldest first."""

        def read(connection: Any) -> list[dict[str, Any]]:
            sql = "SELECT * FROM jobs WHERE job_type = ? ORDER BY id"
            return [dict(row) for row in connection.execute(sql, (DELIVER_WEBHOOK,))]

        return await self.workshop.database.read(read)

    async def ended(self) -> list[str]:
        """How each delivery has ended, when they all have."""
        return [
            (await self.workshop.until(job["id"], "completed", "failed", "cancelled"))["status"]
            for job in await self.deliveries()
        ]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    path = tmp_path / "noond.db"
    new_database(path)
    commits = Commits()
    database = await Database.open(path, on_commit=commits.made)
    workshop = Workshop(database, path, commits)
    ana = User(
        id="ana", name="ana", timezone="UTC", created_at=workshop.clock.now(), role=Role.OWNER
    )
    await database.write(lambda tx: users.insert(tx, ana))
    yield Office(workshop)
    await database.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with webhook_receiver() as running:
        yield running


def is_genuine(received: Received) -> bool:
    """What the example in docs/findings.md makes of it."""
    page = (Path(noond.__file__).parent.parent / "docs/findings.md").read_text("utf-8")
    program: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], program)
    verdict: bool = program["is_genuine"](
        received.headers["X-Noond-Signature"], received.body, SECRET
    )
    return verdict


async def test_each_change_is_delivered_signed_and_in_order(
    office: Office, receiver: Receiver
) -> None:
    async with office.open(f"{receiver.url}/hook"):
        await office.saw("3 jobs wait")
        await office.over()
        opened, closed = await receiver.next(), await receiver.next()
        assert await office.ended() == ["completed", "completed"]
    assert (opened.path, opened.headers["Content-Type"]) == ("/hook", "application/json")
    assert [(each.json["event"], each.json["change"]) for each in (opened, closed)] == [
        ("finding.opened", 1),
        ("finding.closed", 2),
    ]
    finding = opened.json["finding"]
    assert (finding["title"], finding["detail"]) == ("Jobs pile up", "3 jobs wait")
    assert (finding["state"], closed.json["finding"]["state"]) == ("open", "closed")
    assert is_genuine(opened)
    assert is_genuine(closed)
    assert not is_genuine(replace(closed, body=opened.body))
    assert opened.headers["X-Noond-Delivery"] != closed.headers["X-Noond-Delivery"]


async def test_a_failed_delivery_is_tried_again_before_those_behind_it(office: Office) -> None:
    async with webhook_receiver([500, 503]) as receiver, office.open(receiver.url):
        await office.saw("3 jobs wait")
        await office.over()
        assert await office.ended() == ["completed", "completed"]
    told = [each.json["event"] for each in receiver.requests]
    assert told == ["finding.opened"] * 3 + ["finding.closed"]
    ids = [each.headers["X-Noond-Delivery"] for each in receiver.requests]
    assert len(set(ids[:3])) == 1


async def test_another_findings_delivery_does_not_wait(office: Office) -> None:
    office.policy = JobPolicy(max_retries=3, backoff_seconds=3600)
    async with webhook_receiver([500]) as receiver, office.open(receiver.url):
        await office.saw("1")
        await receiver.next()
        await office.saw("2", subject="parcels")
        assert (await receiver.next()).json["finding"]["subject"] == "parcels"


async def test_a_restart_delivers_what_was_left_and_nothing_twice(office: Office) -> None:
    async with webhook_receiver() as receiver:
        async with office.open(receiver.url):
            await office.saw("3 jobs wait")
            assert await office.ended() == ["completed"]
        async with office.open(receiver.url):
            await office.workshop.engine.pause("default")
            await office.saw("4 jobs wait", subject="parcels")
        async with office.open(receiver.url):
            await office.workshop.engine.resume("default")
            assert await office.ended() == ["completed", "completed"]
        told = [each.json["finding"]["subject"] for each in receiver.requests]
    assert told == ["letters", "parcels"]


async def test_a_redirect_is_not_followed(office: Office) -> None:
    async with webhook_receiver([302, 307, 308, 301]) as receiver, office.open(receiver.url):
        await office.saw("3 jobs wait")
        assert await office.ended() == ["failed"]
        (job,) = await office.deliveries()
    assert {each.path for each in receiver.requests} == {"/"}
    assert "it answered 301" in job["error_message"]


async def test_what_fails_to_be_delivered_is_not_told_there(
    office: Office, receiver: Receiver
) -> None:
    async with office.open(receiver.url):
        await office.saw("3 have failed", subject=DELIVER_WEBHOOK)
        assert await office.deliveries() == []


async def test_without_a_webhook_what_waits_is_given_up(office: Office) -> None:
    async with office.open("http://127.0.0.1:9"):
        await office.workshop.engine.pause("default")
        await office.saw("3 jobs wait")
    async with office.open(None):
        await office.workshop.engine.resume("default")
        assert await office.ended() == ["failed"]


async def test_an_address_that_is_refused_is_not_tried_again(office: Office) -> None:
    office.policy = delivery_policy(JobSettings())
    async with office.open("https://10.0.0.1/hook"):
        await office.saw("3 jobs wait")
        assert await office.ended() == ["failed"]
        (job,) = await office.deliveries()
    assert (job["attempt"], job["reason"]) == (1, "permanent")
