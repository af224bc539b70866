"""kill -9 and torn writes: what was acknowledged is there, what was not is there or is not."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from noond.store import opening
from noond.store.database import connect_writer

WRITER = """
import asyncio, sys
from pathlib import Path
from noond.store import meta
from noond.store.database import Database

async def main() -> None:
    database = await Database.open(Path(sys.argv[1]))
    async def write(producer: int) -> None:
        for number in range(1_000_000):
            name = f"{producer}-{number}"
            await database.write(lambda tx: meta.put(tx, name, "x" * 200))
            print(name, flush=True)
    await asyncio.gather(*(write(producer) for producer in range(8)))

asyncio.run(main())
"""


def names(path: Path) -> set[str]:
    opening.prepare(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return {row[0] for row in connection.execute("SELECT name FROM meta")}


@pytest.mark.parametrize("acknowledged", [1, 40, 700, 3000])
def test_every_acknowledged_write_survives_kill_9(tmp_path: Path, acknowledged: int) -> None:
    path = tmp_path / "noond.db"
    opening.prepare(path)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(acknowledged)]
        os.kill(writer.pid, signal.SIGKILL)
        told += [line.strip() for line in writer.stdout if line.endswith("\n")]
    assert set(told) <= names(path)


def test_a_torn_wal_loses_only_what_was_not_acknowledged(tmp_path: Path) -> None:
    """Power loss in the middle of a commit: the WAL ends anywhere within it, or in garbage."""
    path = tmp_path / "noond.db"
    opening.prepare(path)
    wal = path.with_name("noond.db-wal")
    with contextlib.closing(connect_writer(path)) as connection:
        for number in range(5):
            connection.execute("INSERT INTO meta VALUES (?, 'x')", (f"kept-{number}",))
        synced = wal.stat().st_size
        connection.execute("INSERT INTO meta VALUES ('lost', ?)", ("x" * 30_000,))
        content = (path.read_bytes(), wal.read_bytes())
    written = len(content[1])
    assert written > synced + 3 * 4096
    kept = {f"kept-{number}" for number in range(5)}
    chance = random.Random(5)
    cuts = [synced, synced + 1, written - 1, *(chance.randrange(synced, written) for _ in range(8))]
    for number, cut in enumerate(cuts):
        for tail in (b"", bytes(written - cut), chance.randbytes(written - cut)):
            if content[1][:cut] + tail == content[1]:
                continue  # not torn at all
            torn = tmp_path / f"torn-{number}-{len(tail)}-{tail[:1].hex()}"
            torn.mkdir()
            (torn / "noond.db").write_bytes(content[0])
            (torn / "noond.db-wal").write_bytes(content[1][:cut] + tail)
            assert names(torn / "noond.db") == kept, (cut, len(tail))
            shutil.rmtree(torn)


READ_ONLY = """
import os, sys
from pathlib import Path
from noond.errors import StorageError
from noond.store import opening

if os.geteuid() == 0:
    os.setuid(65534)  # root may write everywhere
try:
    opening.prepare(Path(sys.argv[1]))
except StorageError as error:
    print(error.message)
"""


def test_a_directory_that_can_not_be_written_is_refused_by_name() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        path = Path(folder) / "noond.db"
        opening.prepare(path)
        before = path.read_bytes()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(path)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert f"chmod -R u+rwX {folder}" in done.stdout
        assert "nothing was changed" in done.stdout
        assert path.read_bytes() == before
        Path(folder).chmod(0o755)
