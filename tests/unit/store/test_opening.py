"""What is damaged, newer or out of reach is refused as it is, with the command that helps."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from noond.errors import NoondError, SchemaTooNew, StorageBusy, StorageDamaged
from noond.store import database, migrations, opening
from noond.store.database import connect_writer

PAGE = 4096


def fill(path: Path, users: int = 2000) -> None:
    """Several hundred pages of users."""
    with contextlib.closing(connect_writer(path)) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO users (id, login, name, created_at) VALUES (?1, ?1, ?2, 0)",
            [(f"u{number:05}", "x" * 400) for number in range(users)],
        )
        connection.execute("COMMIT")


def files(path: Path) -> dict[str, bytes]:
    """The database file, its WAL and its backups; the WAL's index is made anew at will."""
    found = path.parent.glob("noond*")
    return {f.name: f.read_bytes() for f in found if not f.name.endswith("-shm") and f.read_bytes()}


def users(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM users").fetchone()[0])


def refused(path: Path, kind: type[NoondError]) -> str:
    """The message of the refusal, which changed nothing."""
    before = files(path)
    with pytest.raises(kind) as refusal:
        opening.prepare(path)
    assert type(refusal.value) is kind
    assert files(path) == before
    assert str(path) in refusal.value.message
    return refusal.value.message


def header_garbage(content: bytes) -> bytes:
    return b"garbage!" * 12 + content[96:]


def page_garbage(content: bytes) -> bytes:
    middle = len(content) // PAGE // 2 * PAGE
    return content[:middle] + b"\xa5" * PAGE + content[middle + PAGE :]


def half(content: bytes) -> bytes:
    return content[: len(content) // PAGE // 2 * PAGE]


def torn(content: bytes) -> bytes:
    return content[: len(content) // 2 + 123]


@pytest.mark.parametrize("damage", [header_garbage, page_garbage, half, torn])
def test_a_damaged_file_is_refused_as_it_is(path: Path, damage: Callable[[bytes], bytes]) -> None:
    fill(path)
    path.write_bytes(damage(path.read_bytes()))
    message = refused(path, StorageDamaged)
    assert f"sqlite3 {path} .recover" in message
    assert "nothing was changed" in message


def test_the_wal_beside_a_damaged_file_stays(path: Path, tmp_path: Path) -> None:
    crashed = tmp_path / "crashed" / "noond.db"
    crashed.parent.mkdir()
    with contextlib.closing(connect_writer(path)) as connection:
        connection.execute("INSERT INTO users (id, name, created_at) VALUES ('u', 'x', 0)")
        for name in ("noond.db", "noond.db-wal"):
            shutil.copy(path.with_name(name), crashed.with_name(name))
    content = crashed.read_bytes()
    crashed.write_bytes(content[: 8 * PAGE] + b"\xa5" * PAGE + content[9 * PAGE :])
    refused(crashed, StorageDamaged)


def test_a_backup_is_named_where_there_is_one(path: Path) -> None:
    backup = path.with_name("noond-before-0002_more.db")
    shutil.copy(path, backup)
    path.write_bytes(b"garbage")
    assert f"cp {backup} {path}" in refused(path, StorageDamaged)


def test_an_emptied_file_is_never_made_anew(path: Path) -> None:
    shutil.copy(path, path.with_name("noond-before-0002_more.db"))
    path.write_bytes(b"")
    assert "it is empty or gone" in refused(path, StorageDamaged)


def test_an_emptied_file_with_a_wal_is_never_made_anew(path: Path, tmp_path: Path) -> None:
    with contextlib.closing(connect_writer(path)) as connection:
        connection.execute("INSERT INTO users (id, name, created_at) VALUES ('u', 'x', 0)")
        crashed = tmp_path / "crashed"
        crashed.mkdir()
        shutil.copy(path.with_name("noond.db-wal"), crashed)
    emptied = crashed / "noond.db"
    emptied.touch()
    assert "it is empty or gone" in refused(emptied, StorageDamaged)


def test_a_newer_schema_is_refused_as_it_is(path: Path) -> None:
    with contextlib.closing(connect_writer(path)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('noond', '9999_future', '')"
        )
    message = refused(path, SchemaTooNew)
    assert "9999_future" in message
    assert "pip install --upgrade noond" in message
    backup = path.with_name("noond-before-9999_future.db")
    backup.touch()
    assert f"cp {backup} {path}" in refused(path, SchemaTooNew)


def test_a_newer_schema_in_a_wal_is_refused_as_it_is(path: Path, tmp_path: Path) -> None:
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with contextlib.closing(connect_writer(path)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('noond', '9999_future', '')"
        )
        for name in ("noond.db", "noond.db-wal"):
            shutil.copy(path.with_name(name), crashed)
    refused(crashed / "noond.db", SchemaTooNew)


def test_a_file_that_is_well_opens_again_and_again(path: Path) -> None:
    fill(path, 10)
    before = files(path)
    opening.prepare(path)
    assert files(path) == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_daemon_left_in_the_wal_is_kept(path: Path, tmp_path: Path) -> None:
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with contextlib.closing(connect_writer(path)) as connection:
        connection.execute("INSERT INTO users (id, name, created_at) VALUES ('u', 'x', 0)")
        for name in ("noond.db", "noond.db-wal"):
            shutil.copy(path.with_name(name), crashed)
    opening.prepare(crashed / "noond.db")
    assert users(crashed / "noond.db") == 1


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> str:
    """A further migration."""
    name = "9000_more"
    found = [*migrations.migration_files(), (name, "CREATE TABLE more (id TEXT PRIMARY KEY);")]
    for module in (migrations, opening):
        monkeypatch.setattr(module, "migration_files", lambda: found)
    return name


def test_a_backup_is_made_before_migrating(path: Path, newer: str) -> None:
    fill(path, 10)
    (path.parent / f"noond-before-{newer}.partial").write_bytes(b"left by a killed daemon")
    opening.prepare(path)
    backup = path.with_name(f"noond-before-{newer}.db")
    assert users(path) == users(backup) == 10
    assert backup.stat().st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name='more'").fetchall()
    assert [f.name for f in path.parent.glob("*.partial")] == []


def test_no_migration_without_its_backup(
    path: Path, newer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, 10)
    before = files(path)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("no room for the backup")

    monkeypatch.setattr(opening, "_back_up", full)
    with pytest.raises(NoondError, match="no room"):
        opening.prepare(path)
    assert files(path) == before


def test_a_file_that_is_held_by_another_program_is_busy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageBusy) as refusal:
            opening.prepare(path)
        other.execute("ROLLBACK")
    assert f"fuser -v {path}" in refusal.value.message
    opening.prepare(path)


def test_a_database_that_is_gone_is_never_made_anew(path: Path) -> None:
    shutil.copy(path, path.with_name("noond-before-0002_more.db"))
    path.unlink()
    assert "it is empty or gone" in refused(path, StorageDamaged)
    assert not path.exists()
