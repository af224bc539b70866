"""A database with the present schema, for tests that are not about how it is made."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from noond.store import opening


def new_database(path: Path) -> None:
    """Make the file that `opening.prepare` makes, from a copy made once in this process."""
    path.write_bytes(_prepared())
    path.chmod(0o600)


@cache
def _prepared() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noond.db"
        opening.prepare(path)
        return path.read_bytes()
