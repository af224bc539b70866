"""When a model's server that failed is asked again, and how long is waited before."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime
from typing import Final

from noond.clock import Clock
from noond.errors import ModelError
from noond.llm.completion import CallFailed

RETRY_AFTER_LIMIT_SECONDS: Final = 60.0
"""A server that wants a longer pause is asked again after this one."""

PASSING: Final = frozenset({408, 409, 425, 429})
"""HTTP statuses below 500 of what may be over soon."""

_BACKOFF_LIMIT_SECONDS = 30.0
_HINTS = {401: "check llm.api_key", 403: "check llm.api_key", 404: "check base_url and model"}


def pause_seconds(
    failure: CallFailed, attempt: int, *, backoff_seconds: float, clock: Clock
) -> float | None:
    """Seconds until the next try after the `attempt`-th (from 0); None: there is no use in one.

    The back-off doubles each time, with jitter; a Retry-After that wants more gets it.
    """
    status = failure.status
    if failure.out_of_credit or (status is not None and status < 500 and status not in PASSING):
        return None
    longest = min(backoff_seconds * 2.0**attempt, _BACKOFF_LIMIT_SECONDS)
    pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
    wanted = _retry_after_seconds(failure.retry_after, clock)
    return max(pause, min(wanted, RETRY_AFTER_LIMIT_SECONDS))


def model_error(failure: CallFailed) -> ModelError:
    """What is told of a failure after which no further try is made."""
    hint = _HINTS.get(failure.status or 0)
    return ModelError(f"{failure} ({hint})" if hint else str(failure))


def _retry_after_seconds(header: str | None, clock: Clock) -> float:
    """The pause that a Retry-After header asks for (RFC 9110, 10.2.3), 0 without a valid one."""
    if header is None:
        return 0.0
    try:
        return max(float(header), 0.0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(header)
        return max((moment - clock.now()).total_seconds(), 0.0)
    except (ValueError, TypeError):  # no date, or one without a zone
        return 0.0
