"""SIGTERM in the middle of runs: told to the device, over in time, gone on with afterwards."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from crash_site import RECORDS, CrashSite

STOPS = int(os.environ.get("SOAK_STOPS", "20"))
SERVICE_RESTART = 1012


@pytest.mark.parametrize("seed", range(STOPS))
async def test_a_stop_in_the_middle_of_a_run(site: CrashSite, seed: int) -> None:
    expected = site.write_files()
    inserted = len(site.notebook.inserted)
    # agent_run, agent_want, then a call for each record.
    frames = random.Random(seed).randint(1, RECORDS)
    run, close_code = await site.stopped_run(frames)
    assert close_code == SERVICE_RESTART
    assert (run["status"], run["items_created"], run["errors"]) == ("success", RECORDS, [])
    assert len(site.notebook.inserted) - inserted == RECORDS
    found = {key: times for key, times in site.notebook.titles().items() if key in expected}
    assert found == expected


def test_a_second_daemon_on_the_same_directory_names_the_first(
    site: CrashSite, tmp_path: Path
) -> None:
    if not site.alive():
        site.start()
    assert site.daemon is not None
    second = subprocess.run(
        [
            sys.executable, "-m", "noond", "serve", "--port", "0",
            "--data-dir", str(site.data_dir),
        ],
        capture_output=True, text=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert second.returncode != 0
    assert f"process {site.daemon.pid}" in second.stderr
    assert str(site.data_dir) in second.stderr
    assert second.stdout == ""
    assert site.alive()


def test_the_directory_of_a_killed_daemon_is_free_at_once(site: CrashSite) -> None:
    if not site.alive():
        site.start()
    assert site.daemon is not None
    site.daemon.kill()
    site.end()
    site.start()
    assert site.alive()
