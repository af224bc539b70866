"""The migrations make what schema.sql says, each whole or not at all."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database as SchemaEditor

import noond.store
from noond.store import migrations
from noond.store.database import connect_writer

SCHEMA = Path(noond.store.__file__).parents[2] / "schema.sql"
_OURS = "name NOT LIKE 'sqlite_%' AND tbl_name <> '_sqlite_migrations'"


@pytest.fixture
def described() -> Iterator[sqlite3.Connection]:
    """A database made by schema.sql."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA.read_text("utf-8"))
        yield connection


@pytest.fixture
def migrated(path: Path) -> Iterator[sqlite3.Connection]:
    """A database made by the migrations."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        yield connection


def definitions(sql: str) -> tuple[str, frozenset[str], str]:
    """A statement as its head, its definitions in whatever order, and its tail.

    A column that a migration added stands at the end, in schema.sql where it belongs.
    """
    plain = re.sub(r"--[^\n]*", "", sql)
    plain = re.sub(r"\s+", " ", plain).replace("( ", "(").replace(" )", ")").strip()
    head, _, rest = plain.partition("(")
    parts: list[str] = []
    depth, part = 1, ""
    for position, character in enumerate(rest):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return head.strip(), frozenset([*parts, part.strip()]), rest[position + 1 :].strip()
        if character == "," and depth == 1:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    raise AssertionError(f"parentheses do not close: {sql}")


def statements_of(connection: sqlite3.Connection) -> dict[tuple[str, str], object]:
    rows = connection.execute(f"SELECT type, name, sql FROM sqlite_master WHERE {_OURS}")
    return {
        (kind, name): definitions(sql) if kind == "table" else re.sub(r"\s+", " ", sql)
        for kind, name, sql in rows
    }


def tables_of(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(f"SELECT name FROM sqlite_master WHERE type = 'table' AND {_OURS}")
    return sorted(row[0] for row in rows)


def shape_of(connection: sqlite3.Connection, table: str) -> dict[str, object]:
    """What SQLite itself understood of a table: columns, indexes, references."""

    def pragma(name: str, of: str) -> list[tuple[object, ...]]:
        return connection.execute(f"PRAGMA {name}('{of}')").fetchall()

    return {
        # Without the first number of each, which is only its place.
        "columns": {row[1:] for row in pragma("table_xinfo", table)},
        "indexes": {
            (row[1:], tuple((name, descending) for _, _, name, descending, *_ in found))
            for row in pragma("index_list", table)
            for found in [pragma("index_xinfo", str(row[1]))]
        },
        "references": {row[1:] for row in pragma("foreign_key_list", table)},
        "kind": [row for row in pragma("table_list", table) if row[1] == table],
    }


def test_the_statements_are_the_same(
    migrated: sqlite3.Connection, described: sqlite3.Connection
) -> None:
    assert statements_of(migrated) == statements_of(described)


def test_sqlite_sees_the_same_tables(
    migrated: sqlite3.Connection, described: sqlite3.Connection
) -> None:
    assert tables_of(migrated) == tables_of(described)
    for table in tables_of(described):
        assert without_places(shape_of(migrated, table)) == without_places(
            shape_of(described, table)
        ), table


def without_places(shape: dict[str, object]) -> dict[str, object]:
    """Automatic indexes are numbered by the order of the constraints; their columns count."""
    indexes = {
        (str(row[0]).startswith("sqlite_autoindex") or row[0], row[1:], columns)
        for row, columns in shape["indexes"]  # type: ignore[attr-defined]
    }
    return {**shape, "indexes": indexes}


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE users ADD COLUMN nickname TEXT",
        "DROP INDEX runs_by_agent",
        "CREATE INDEX users_by_name ON users (name)",
        "CREATE TABLE extra (id TEXT)",
    ],
)
def test_a_difference_would_be_found(
    migrated: sqlite3.Connection, described: sqlite3.Connection, change: str
) -> None:
    described.execute(change)
    assert statements_of(migrated) != statements_of(described)


def test_the_files_are_numbered_without_a_gap() -> None:
    numbers = [int(name[:4]) for name, _ in migrations.migration_files()]
    assert numbers == list(range(1, len(numbers) + 1))
    for name, sql in migrations.migration_files():
        assert re.fullmatch(r"\d{4}_[a-z0-9_]+", name)
        assert migrations.statements(sql)


def test_a_migration_that_fails_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = migrations.migration_files()
    broken = ("9999_broken", "CREATE TABLE half (id TEXT);\nINSERT INTO nowhere VALUES (1);")
    monkeypatch.setattr(migrations, "migration_files", lambda: [*files, broken])
    with contextlib.closing(connect_writer(path)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            migrations.load_migrations().apply(SchemaEditor(connection))
        assert "half" not in tables_of(connection)
        applied = connection.execute("SELECT name FROM _sqlite_migrations ORDER BY name")
        assert [row[0] for row in applied] == [name for name, _ in files]


def test_calls_of_before_learn_which_job_carried_their_run() -> None:
    files = dict(migrations.migration_files())
    names = sorted(files)
    at = next(place for place, name in enumerate(names) if name.startswith("0007"))
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for name in names[:at]:
            connection.executescript(files[name])
        connection.executescript("""
            INSERT INTO users (id, name, timezone, created_at) VALUES ('ana', 'ana', 'UTC', 0);
            INSERT INTO jobs (id, user_id, job_type, queue, priority, status, payload,
                              scheduled_at, created_at)
            VALUES ('j1', 'ana', 'agent_run', 'q', 1, 'completed', '{"run_id": "r1"}', 0, 0),
                   ('j2', 'ana', 'other', 'q', 1, 'completed', '{"run_id": "r2"}', 0, 0);
            INSERT INTO agent_observability
            SELECT value, 'ana', 'a', value, 'extract', NULL, 'm', 1, 1, 2, NULL, 1, 1, NULL, 0
              FROM json_each('["r1", "r2", "r3"]');
        """)
        for statement in migrations.statements(files[names[at]]):
            connection.execute(statement)
        rows = connection.execute("SELECT id, job_id FROM agent_observability ORDER BY id")
        assert rows.fetchall() == [("r1", "j1"), ("r2", None), ("r3", None)]
