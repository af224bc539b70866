from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from noond.accounts.datadir import DataDirectory
from noond.accounts.setup import init_data_dir
from noond.accounts.vault import Vault
from noond.errors import (
    DataDirectoryError,
    DataDirectoryLocked,
    KeyMismatch,
    StorageDamaged,
)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return init_data_dir(tmp_path / "data", timezone="UTC").data_dir


def contents(directory: Path) -> dict[str, str]:
    """What stands in the directory; SQLite's reader leaves an empty WAL behind."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in directory.iterdir()
        if file.name not in {"noond.lock", "noond.db-shm"} and file.stat().st_size
    }


def test_only_one_holder_at_a_time(made: Path) -> None:
    with DataDirectory.open(made), pytest.raises(DataDirectoryLocked, match=str(os.getpid())):
        DataDirectory.open(made)
    with DataDirectory.open(made):
        pass


def test_the_lock_ends_with_a_killed_process(made: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from noond.accounts.datadir import DataDirectory;"
        f"held = DataDirectory.open(Path({str(made)!r})); print('held', flush=True);"
        "sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DataDirectoryLocked, match=f"process {holder.pid}"):
            DataDirectory.open(made)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    DataDirectory.open(made).close()


def test_prepare_gives_the_vault(made: Path) -> None:
    with DataDirectory.open(made) as directory:
        assert directory.prepare().key_check() == Vault.load(made / "key").key_check()


def test_another_key_changes_nothing(made: Path) -> None:
    with contextlib.closing(sqlite3.connect(made / "noond.db")) as connection:
        connection.execute("DELETE FROM _sqlite_migrations")  # so that there is one to apply
        connection.commit()
    (made / "key").unlink()
    Vault.make(made / "key")
    before = contents(made)

    with DataDirectory.open(made) as directory, pytest.raises(KeyMismatch, match="Nothing was"):
        directory.prepare()

    assert contents(made) == before


def test_a_missing_key_is_never_made_anew(made: Path) -> None:
    (made / "key").unlink()

    with DataDirectory.open(made) as directory, pytest.raises(DataDirectoryError, match="missing"):
        directory.prepare()

    assert not (made / "key").exists()


def test_a_missing_database_is_never_made_anew(made: Path) -> None:
    (made / "noond.db").unlink()

    with DataDirectory.open(made) as directory, pytest.raises(DataDirectoryError, match="init"):
        directory.prepare()

    assert not (made / "noond.db").exists()


def test_a_damaged_database_names_the_way_back(made: Path) -> None:
    (made / "noond.db").write_bytes(b"not a database at all" * 100)

    with DataDirectory.open(made) as directory, pytest.raises(StorageDamaged, match="recover"):
        directory.prepare()


def test_a_database_that_was_never_set_up_is_refused(made: Path) -> None:
    with contextlib.closing(sqlite3.connect(made / "noond.db")) as connection:
        connection.execute("DELETE FROM meta")
        connection.commit()

    with DataDirectory.open(made) as directory, pytest.raises(DataDirectoryError, match="init"):
        directory.prepare()


def test_a_missing_directory_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryError, match="noond init --data-dir"):
        DataDirectory.open(tmp_path / "nowhere")


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DataDirectoryError, match="not a directory"):
        DataDirectory.open(tmp_path / "file")


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_can_write_to_is_refused(made: Path, mode: int) -> None:
    made.chmod(mode)

    with pytest.raises(DataDirectoryError, match="chmod 700"):
        DataDirectory.open(made)


def test_the_lock_file_is_never_followed(made: Path, tmp_path: Path) -> None:
    (made / "noond.lock").unlink()
    (made / "noond.lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(DataDirectoryError):
        DataDirectory.open(made)

    assert not (tmp_path / "elsewhere").exists()


def test_temporary_files_have_a_directory_that_is_no_link(made: Path, tmp_path: Path) -> None:
    with DataDirectory.open(made) as directory:
        directory.prepare()
        assert directory.temporary.stat().st_mode & 0o777 == 0o700
        directory.temporary.rmdir()
        directory.temporary.symlink_to(tmp_path)
        with pytest.raises(DataDirectoryError, match="is a link"):
            directory.prepare()
