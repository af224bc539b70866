"""`noond` that keeps no step of its jobs: the negative control of tests that kill it."""

from __future__ import annotations

import sys
from typing import Any

from noond.cli.main import main
from noond.store import job_states


def forget(*_: Any, **__: Any) -> None:
    """Keep nothing."""


if __name__ == "__main__":
    job_states.put_step = forget
    main(sys.argv[1:])
