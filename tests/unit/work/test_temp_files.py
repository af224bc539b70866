"""Old temporary files go; nothing outside their directory does, whatever links say."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from movable_clock import MovableClock

from noond.config import JobSettings
from noond.jobs.context import JobContext
from noond.models.job import Job
from noond.work.temp_file_purge import TempFilePurgeJob, delete_older

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
OLD, NEW = NOW - timedelta(hours=25), NOW - timedelta(hours=23)
CUTOFF = NOW - timedelta(hours=24)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "tmp"
    made.mkdir()
    return made


def dated(path: Path, at: datetime) -> Path:
    os.utime(path, (at.timestamp(), at.timestamp()), follow_symlinks=False)
    return path


def new_file(path: Path, at: datetime) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("12345")
    return dated(path, at)


async def test_the_job_deletes_what_is_old_and_says_so(directory: Path) -> None:
    old, new = new_file(directory / "old", OLD), new_file(directory / "deep/new", NEW)
    oldest = new_file(directory / "deep/old", OLD)
    empty = directory / "empty"
    empty.mkdir()
    dated(empty, OLD)
    clean_up = TempFilePurgeJob(directory, MovableClock(NOW), JobSettings())

    result = await clean_up.run(cast("Job", None), cast("JobContext", None))

    assert (old.exists(), oldest.exists(), new.exists(), empty.exists()) == (
        False,
        False,
        True,
        False,
    )
    assert result == {
        "status": "success",
        "cutoff": "2026-11-20T03:00:00.000Z",
        "counts": {"files": 2, "directories": 1, "bytes": 10, "kept": 1},
        "started_at": "2026-11-21T03:00:00.000Z",
        "completed_at": "2026-11-21T03:00:00.000Z",
    }


def test_links_are_deleted_and_not_followed(directory: Path, tmp_path: Path) -> None:
    outside = new_file(tmp_path / "elsewhere/kept", OLD)
    for name, target in (("file", outside), ("folder", outside.parent), ("lost", tmp_path / "x")):
        (directory / name).symlink_to(target)
        dated(directory / name, OLD)
    assert delete_older(directory, CUTOFF)["files"] == 3
    assert outside.read_text() == "12345"
    assert list(directory.iterdir()) == []


def test_a_directory_that_became_a_link_is_left_alone(directory: Path, tmp_path: Path) -> None:
    outside = new_file(tmp_path / "elsewhere/kept", OLD)
    directory.rmdir()
    directory.symlink_to(outside.parent)
    assert delete_older(directory, CUTOFF)["files"] == 0
    assert outside.exists()


def test_a_directory_that_holds_something_stays(directory: Path) -> None:
    kept = new_file(directory / "deep/new", NEW)
    dated(directory / "deep", OLD)
    assert delete_older(directory, CUTOFF) == {"files": 0, "directories": 0, "bytes": 0, "kept": 1}
    assert kept.exists()
