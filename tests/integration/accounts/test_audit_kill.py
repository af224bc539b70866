"""kill -9 at every step of archiving: no row is lost, none stands twice."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import crashing_archiver
from audit_rows import write
from movable_clock import MovableClock

from noond.accounts.audit import AuditLog
from noond.accounts.vault import Vault
from noond.models.audit import AuditFilter
from noond.store import opening
from noond.store.database import Database

ROWS = 6
YOUNG = 3


def run_to_step(directory: Path, now: str, step: int) -> int:
    """Archive, dying at that step; returns the exit code."""
    return subprocess.run(
        [sys.executable, crashing_archiver.__file__, str(directory), now, str(step)],
        stdout=subprocess.DEVNULL,
        timeout=60,
    ).returncode


async def archived_and_kept(
    directory: Path, clock: MovableClock, *, resume: bool = False
) -> tuple[list[int], list[int]]:
    """The rows' numbers in the archive's whole lines and in the table; the log must be whole.

    Archiving is done to its end before, if it is to be resumed.
    """
    database = await Database.open(directory / "noond.db")
    try:
        archive = directory / "archive"
        audit = AuditLog(database, Vault(bytes(32)), clock=clock, archive=archive, keep_days=90)
        if resume:
            await audit.archive_old(audit.oldest_kept())
        kept = [entry.seq for entry in await audit.list(AuditFilter(), limit=100)]
        lines = [
            line
            for file in sorted(archive.glob("*"))
            for line in file.read_text().splitlines(keepends=True)
        ]
        whole = [json.loads(line)["seq"] for line in lines if line.endswith("\n")]
        if len(whole) == len(lines):
            assert (await audit.verify()).problems == ()
        return whole, kept
    finally:
        await database.close()


async def test_a_kill_at_any_step_neither_loses_nor_doubles(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    clock = MovableClock()
    opening.prepare(source / "noond.db")
    database = await Database.open(source / "noond.db")
    audit = AuditLog(
        database, Vault(bytes(32)), clock=clock, archive=source / "archive", keep_days=90
    )
    for _ in range(ROWS):
        await write(audit, 1)
        clock.move(timedelta(days=7))
    clock.move(timedelta(days=90))
    await write(audit, YOUNG)
    await database.close()

    step, endings = 0, Counter[int]()
    while endings[0] == 0:
        step += 1
        directory = tmp_path / f"step-{step}"
        directory.mkdir()
        (directory / "noond.db").write_bytes((source / "noond.db").read_bytes())
        now = clock.now().isoformat()
        code = await asyncio.to_thread(run_to_step, directory, now, step)
        assert code in (0, -signal.SIGKILL)
        endings[code] += 1
        whole, kept = await archived_and_kept(directory, clock)
        assert set(range(1, ROWS + YOUNG + 1)) == {*whole, *kept}, f"lost at step {step}"

        whole, kept = await archived_and_kept(directory, clock, resume=True)
        assert whole == list(range(1, ROWS + 1)), f"wrong in the archive after step {step}"
        assert kept == [9, 8, 7]
    assert endings[-signal.SIGKILL] >= 15
