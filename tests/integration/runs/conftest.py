"""A daemon and the means to play its device."""

from __future__ import annotations

from pathlib import Path

import pytest
from running_daemon import RunningDaemon, new_daemon


@pytest.fixture
def daemon(tmp_path: Path) -> RunningDaemon:
    """A daemon that is not started yet."""
    return new_daemon(tmp_path)
