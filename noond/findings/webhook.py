"""The webhook: what it is told of a finding, signed, and how that is sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from noond import __version__
from noond.clock import Clock
from noond.errors import NoondError
from noond.findings.addresses import AddressRefused, CheckedResolver, check_host
from noond.findings.findings import shown
from noond.jobs.policy import JobPolicy
from noond.models.finding import Finding, FindingChange
from noond.store import clockwork, jobs
from noond.store.rows import Transaction

DELIVER_WEBHOOK: Final = "deliver_webhook"
SIGNATURE: Final = "X-Noond-Signature"
DELIVERY: Final = "X-Noond-Delivery"

_BODY_BYTES: Final = 64 * 1024
_SECONDS: Final = 10


class WebhookFailed(NoondError):
    """The webhook did not take the delivery; it is tried again."""

    code = "webhook_failed"
    retryable = True


class WebhookRefused(NoondError):
    """The webhook's address is not one that anything is sent to; see webhook_allow_private."""

    code = "webhook_refused"


class WebhookQueue:
    """Queues deliveries, in the transaction of the change that they tell of.

    They are the daemon's own jobs: the keeper's. The one about deliveries that fail stays here.
    """

    def __init__(self, policy: JobPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock

    def deliver(self, tx: Transaction, finding: Finding, change: FindingChange) -> None:
        """Queue what the webhook is to be told, once for each change."""
        keeper = clockwork.keeper_all_users(tx)
        if keeper is None or finding.subject == DELIVER_WEBHOOK:
            return
        job = self._policy.new_job(
            DELIVER_WEBHOOK,
            keeper,
            {"event": f"finding.{change}", "change": finding.changes, "finding": shown(finding)},
            self._clock,
            unique_key=change_key(finding.id, finding.changes),
        )
        jobs.insert(tx, job, now=self._clock.now())


def change_key(finding_id: str, change: int) -> str:
    """The unique key of a delivery; those of one finding sort by their change."""
    return f"{finding_id}:{change:09d}"


def signature(secret: str, body: bytes, *, at: int) -> str:
    """The header's value: `t=<Unix time>,v1=<HMAC-SHA256 over time, a full stop, body; in hex>`."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


class Webhook:
    """Sends deliveries to one address."""

    def __init__(self, url: str, secret: str, clock: Clock, *, allow_private: bool) -> None:
        self._url = url
        self._secret = secret
        self._clock = clock
        self._allow_private = allow_private

    async def send(self, delivery_id: str, message: dict[str, Any]) -> int:
        """Send it; returns the status, 200 to 299.

        A redirect is an answer like any other that is none of those: it is not followed. What the
        other side says besides is not read. Raises WebhookFailed and WebhookRefused.
        """
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        if len(body) > _BODY_BYTES:
            raise WebhookRefused(f"the delivery has {len(body)} bytes, more than {_BODY_BYTES}")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"noond/{__version__}",
            DELIVERY: delivery_id,
            SIGNATURE: signature(self._secret, body, at=int(self._clock.now().timestamp())),
        }
        try:
            check_host(urlsplit(self._url).hostname or "", allow_private=self._allow_private)
            status = await self._post(body, headers)
        except AddressRefused as error:
            raise WebhookRefused(str(error)) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            refused = error.__cause__
            if isinstance(refused, AddressRefused):
                raise WebhookRefused(str(refused)) from None
            # Its words may hold the address with its query, which may be a secret.
            raise WebhookFailed(f"it can't be reached ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise WebhookFailed(f"it answered {status}")
        return status

    async def _post(self, body: bytes, headers: dict[str, str]) -> int:
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(allow_private=self._allow_private), force_close=True
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
            session.post(self._url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            return response.status
