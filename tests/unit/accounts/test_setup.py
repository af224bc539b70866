from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from noond.accounts import setup
from noond.accounts.datadir import DataDirectory
from noond.accounts.keys import APIKeys
from noond.accounts.setup import init_data_dir, local_timezone
from noond.accounts.vault import Vault
from noond.clock import SystemClock
from noond.errors import Conflict, DataDirectoryError
from noond.models.account import Scope
from noond.store import meta, opening, users
from noond.store.database import Database
from noond.tasks import Supervisor


async def test_everything_a_daemon_needs_is_made(tmp_path: Path) -> None:
    made = init_data_dir(tmp_path / "deep" / "data", timezone="Europe/Berlin")

    path = made.data_dir
    assert path.stat().st_mode & 0o777 == 0o700
    for name in ("key", "noond.db", "cli.json", "noond.lock"):
        assert (path / name).stat().st_mode & 0o777 == 0o600, name
    assert json.loads((path / "cli.json").read_text()) == {"url": None, "api_key": made.api_key}
    with DataDirectory.open(path) as directory:
        directory.prepare()
        database = await Database.open(directory.database)
        async with Supervisor() as tasks:
            keys = APIKeys(database, clock=SystemClock(), tasks=tasks, end_streams=lambda *_: None)
            key = await keys.authenticate(made.api_key)
        user = await database.read(lambda c: users.get(c, made.user_id))
        await database.close()
    assert key is not None
    assert key.user_id == made.user_id
    assert key.scopes == frozenset(Scope)
    assert user.timezone == "Europe/Berlin"


def test_a_key_of_a_daemon_elsewhere_is_spared(tmp_path: Path) -> None:
    kept = '{"url": "https://noond.example.org", "api_key": "nd_live_x"}'
    (tmp_path / "cli.json").write_text(kept)

    with pytest.raises(Conflict, match=r"https://noond\.example\.org"):
        init_data_dir(tmp_path)

    assert (tmp_path / "cli.json").read_text() == kept
    assert not (tmp_path / "key").exists()


def test_the_secret_is_nowhere_in_the_database(tmp_path: Path) -> None:
    made = init_data_dir(tmp_path / "data")

    for file in made.data_dir.glob("noond.db*"):
        assert made.api_key.encode() not in file.read_bytes()


def test_a_second_time_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    made = init_data_dir(tmp_path / "data")
    before = (made.data_dir / "cli.json").read_text(), (made.data_dir / "key").read_text()

    with pytest.raises(Conflict, match="initialised already"):
        init_data_dir(tmp_path / "data")

    assert before == (
        (made.data_dir / "cli.json").read_text(),
        (made.data_dir / "key").read_text(),
    )


class Killed(BaseException):
    """Stands for kill -9."""


@pytest.mark.parametrize("step", ["key", "database", "cli", "user", "meta"])
def test_killed_half_way_the_next_time_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise Killed

    targets = {
        "key": (Vault, "make"),
        "database": (opening, "prepare"),
        "cli": (setup, "write_private"),
        "user": (users, "insert"),
        "meta": (meta, "put"),
    }
    with monkeypatch.context() as patch:
        patch.setattr(*targets[step], killed)
        with pytest.raises(Killed):
            init_data_dir(tmp_path / "data")

    made = init_data_dir(tmp_path / "data")

    with DataDirectory.open(made.data_dir) as directory:
        directory.prepare()
    connection = sqlite3.connect(made.data_dir / "noond.db")
    assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)
    connection.close()
    assert json.loads((made.data_dir / "cli.json").read_text())["api_key"] == made.api_key


def test_a_directory_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    mode = tmp_path.stat().st_mode

    with pytest.raises(DataDirectoryError, match=r"holiday\.jpg"):
        init_data_dir(tmp_path)

    assert tmp_path.stat().st_mode == mode
    assert [entry.name for entry in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DataDirectoryError, match="can't be made"):
        init_data_dir(tmp_path / "file" / "data")


def test_the_zone_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TZ", ":America/New_York")
    assert local_timezone() == "America/New_York"

    monkeypatch.setitem(os.environ, "TZ", "Not/AZone")
    assert local_timezone() != "Not/AZone"
