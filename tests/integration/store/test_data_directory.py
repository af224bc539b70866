"""A daemon's start on what is left of its database: refused, never begun anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from noond.accounts.datadir import DataDirectory
from noond.accounts.setup import init_data_dir
from noond.errors import DataDirectoryError, StorageDamaged


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return init_data_dir(tmp_path / "data", timezone="UTC").data_dir


@pytest.mark.parametrize("left", ["empty", "gone"])
def test_serve_makes_no_database_of_its_own(data_dir: Path, left: str) -> None:
    path = data_dir / "noond.db"
    path.unlink()
    if left == "empty":
        path.touch()
    with (
        DataDirectory.open(data_dir) as directory,
        pytest.raises(DataDirectoryError, match="noond init"),
    ):
        directory.prepare()
    assert (path.read_bytes() if path.exists() else b"") == b""


@pytest.mark.parametrize("left", ["empty", "gone", "garbage"])
def test_where_there_is_a_backup_the_way_back_is_named(data_dir: Path, left: str) -> None:
    path, backup = data_dir / "noond.db", data_dir / "noond-before-0002_more.db"
    backup.write_bytes(path.read_bytes())
    path.unlink()
    content = {"empty": b"", "garbage": b"x" * 5000}.get(left)
    if content is not None:
        path.write_bytes(content)
    with (
        DataDirectory.open(data_dir) as directory,
        pytest.raises(StorageDamaged, match=f"cp {backup} {path}"),
    ):
        directory.prepare()
    assert (path.read_bytes() if path.exists() else None) == content
