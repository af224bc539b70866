"""How long to wait before the next try to connect."""

from __future__ import annotations

import random
from typing import Final

_FIRST_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 60.0


class Backoff:
    """Full jitter: a random wait up to a bound that doubles from 0.5 s to 60 s.

    The devices of a daemon that restarts must not all come back in the same moment.
    """

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.SystemRandom()
        self._bound = _FIRST_SECONDS

    def next_wait(self) -> float:
        """Seconds to wait now; the next bound is twice as large."""
        bound = self._bound
        self._bound = min(_LONGEST_SECONDS, bound * 2)
        return self._chance.uniform(0, bound)

    def reset(self) -> None:
        """Start small again: the connection was good."""
        self._bound = _FIRST_SECONDS
