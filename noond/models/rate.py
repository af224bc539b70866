"""Rates as people write them: `1000/min`, `5/s`, `20/10min`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_FORM = re.compile(r"\s*(\d+)\s*/\s*(\d*)\s*([a-z]+)\s*")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` starts in any `seconds`."""

    count: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """Read `1000/min`, `5/s`, `100/10min`; raises ValueError."""
        found = _FORM.fullmatch(text)
        unit = _UNITS.get(found[3]) if found else None
        if found is None or unit is None or int(found[1]) < 1:
            raise ValueError(f"{text!r} is not a rate such as 100/min, 5/s or 20/10min")
        return cls(int(found[1]), int(found[2] or 1) * unit)
