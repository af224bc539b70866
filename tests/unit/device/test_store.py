"""The store: private, locked, refused when it is not ours; a kill leaves all or nothing."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import aiosqlite
import pytest

from noond.clock import SystemClock
from noond.device.calls import apply_calls
from noond.device.errors import StoreLocked, StoreMissing
from noond.device.reviews import list_records
from noond.device.store import DeviceStore, hold_device, open_store
from noond.errors import SchemaTooNew, StorageDamaged, StorageError
from noond.hub.frames import ToolCall
from noond.models.document import Table


async def test_a_new_store_is_private_and_has_projects(
    store: DeviceStore, store_path: Path
) -> None:
    projects = await list_records(store, table=Table.PROJECTS)
    assert [(p.id, p.data["name"]) for p in projects] == [("home", "Home"), ("inbox", "Inbox")]
    for path in store_path.parent.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert (await store.read("PRAGMA synchronous"))[0][0] == 2
    assert (await store.read("PRAGMA journal_mode"))[0][0] == "wal"


async def test_the_device_id_stays(store: DeviceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Ana's Läptop.local")
    assert await store.settle_device_id(None) == "Ana-s-L-ptop"
    monkeypatch.setattr("socket.gethostname", lambda: "renamed")
    assert await store.settle_device_id(None) == "Ana-s-L-ptop"
    assert await store.settle_device_id("chosen") == "chosen"
    assert await store.settle_device_id(None) == "chosen"


async def refusal(path: Path) -> StorageError:
    with pytest.raises(StorageError) as refused:
        async with open_store(path, clock=SystemClock()):
            pass
    return refused.value


async def test_what_is_not_ours_is_refused_unchanged(tmp_path: Path) -> None:
    newer, other, damaged = (tmp_path / name for name in ("newer.db", "other.db", "damaged.db"))
    async with open_store(newer, clock=SystemClock()):
        pass
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    damaged.write_bytes(b"not a database at all" * 100)
    before = other.read_bytes(), damaged.read_bytes()
    assert isinstance(await refusal(newer), SchemaTooNew)
    assert "not a device's store" in (await refusal(other)).message
    assert isinstance(await refusal(damaged), StorageDamaged)
    assert (other.read_bytes(), damaged.read_bytes()) == before


async def test_a_missing_store_is_made_only_when_asked(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing):
        async with open_store(tmp_path / "none.db", clock=SystemClock(), create=False):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_a_path_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "file/x/device.db" in (await refusal(tmp_path / "file" / "x" / "device.db")).message


def test_one_device_process_per_store(store_path: Path) -> None:
    with (
        hold_device(store_path),
        pytest.raises(StoreLocked, match=str(store_path)),
        hold_device(store_path),
    ):
        pass
    with hold_device(store_path):
        pass


async def test_an_error_undoes_the_whole_transaction(store: DeviceStore) -> None:
    async def work(tx: aiosqlite.Connection) -> None:
        await tx.execute("DELETE FROM projects")
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(work)
    assert len(await list_records(store)) == 2


async def test_a_cancelled_caller_leaves_a_whole_transaction(store: DeviceStore) -> None:
    begun = asyncio.Event()

    async def work(tx: aiosqlite.Connection) -> None:
        await tx.execute("DELETE FROM projects WHERE id = 'inbox'")
        begun.set()
        await tx.execute("DELETE FROM projects WHERE id = 'home'")

    writing = asyncio.create_task(store.write(work))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await list_records(store) == []


async def test_two_openings_write_at_once(store: DeviceStore, store_path: Path) -> None:
    async def fill(target: DeviceStore, name: str) -> None:
        for number in range(20):
            call = ToolCall(
                id=f"{name}{number}", action="insert", table=Table.NOTES,
                data={"title": name}, deadline_ms=1,
            )  # fmt: skip
            (applied,) = await apply_calls(target, [call])
            assert applied.answer.error is None

    async with open_store(store_path, clock=store.clock) as other:
        await asyncio.gather(fill(store, "a"), fill(other, "b"))
    assert len(await list_records(store, table=Table.NOTES)) == 40


_APPLY_FOR_EVER = """
import asyncio, itertools, sys
from pathlib import Path
from noond.clock import SystemClock
from noond.device.calls import apply_calls
from noond.device.store import open_store
from noond.hub.frames import ToolCall
from noond.models.document import Table

async def main():
    async with open_store(Path(sys.argv[1]), clock=SystemClock()) as store:
        for batch in itertools.count():
            calls = [
                ToolCall(id=f"{batch}-{n}", action="insert", table=Table.TASKS,
                         data={"title": f"{batch}-{n}"}, deadline_ms=1)
                for n in range(5)
            ]
            for applied in await apply_calls(store, calls):
                print(applied.answer.id, applied.answer.result["id"], flush=True)

asyncio.run(main())
"""


async def test_a_killed_device_keeps_ids_and_records_together(store_path: Path) -> None:
    """kill -9 in the middle of writing; then every call is sent again, as a daemon would."""
    answered: dict[str, str] = {}
    for lines in (1, 7, 23):
        process = subprocess.Popen(
            [sys.executable, "-c", _APPLY_FOR_EVER, str(store_path)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        with process.stdout as output:
            for _ in range(lines):
                id_, record_id = output.readline().split()
                assert answered.setdefault(id_, record_id) == record_id
            process.send_signal(signal.SIGKILL)
            for line in output.read().splitlines(keepends=True):
                if line.endswith("\n"):
                    id_, record_id = line.split()
                    assert answered.setdefault(id_, record_id) == record_id
        process.wait()
        async with open_store(store_path, clock=SystemClock()) as store:
            records = {r.call_id: r.id for r in await list_records(store, table=Table.TASKS)}
            remembered = await store.read("SELECT id, record_id FROM applied_calls")
            assert records == {row["id"]: row["record_id"] for row in remembered}
            assert answered.items() <= records.items()
