"""The numbered migrations: each file's SQL, once, in order, with the record that it was applied.

A new one is a file `NNNN_what.sql` beside this one. `schema.sql` says what all of them make.
"""

from __future__ import annotations

from importlib import resources

from sqlite_utils import Database, Migrations

MIGRATION_SET = "noond"


def migration_files() -> list[tuple[str, str]]:
    """Name and SQL of every migration, in order."""
    files = (entry for entry in resources.files(__name__).iterdir() if entry.name.endswith(".sql"))
    return sorted((entry.name.removesuffix(".sql"), entry.read_text("utf-8")) for entry in files)


def load_migrations() -> Migrations:
    """The set that sqlite-utils applies and keeps account of."""
    migrations = Migrations(MIGRATION_SET)
    for name, sql in migration_files():

        def apply(database: Database, sql: str = sql) -> None:
            for statement in statements(sql):
                database.execute(statement)

        migrations(name=name)(apply)
    return migrations


def statements(sql: str) -> list[str]:
    """The statements of a script, comments removed; no statement may hold a `;` of its own.

    `executescript` would commit the transaction that makes a migration all or nothing.
    """
    lines = (line.split("--", 1)[0].rstrip() for line in sql.splitlines())
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]
