"""Opening the database file: refuse a damaged or newer one, back up, migrate.

What can't be read is never made anew; the error names the command that helps.
"""

from __future__ import annotations

import shlex
import sqlite3
from pathlib import Path

import structlog
from sqlite_utils import Database as SchemaEditor

from noond.errors import SchemaTooNew, StorageDamaged
from noond.store.database import connect_writer, translate
from noond.store.migrations import MIGRATION_SET, load_migrations, migration_files

log = structlog.get_logger(__name__)

_FULL_CHECK_BYTES = 64 * 1024 * 1024
"""Files up to this size are checked page by page at every start (about 0.1 s)."""


def prepare(path: Path) -> None:
    """Make the file, or bring it to the present schema after a backup beside it.

    Raises StorageDamaged, SchemaTooNew, or what `translate` makes of SQLite's errors.
    """
    fresh = not path.exists() or path.stat().st_size == 0
    if not fresh:
        _refuse_damaged(path)
    try:
        connection = connect_writer(path)
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error
    try:
        if not fresh:
            _refuse_newer(connection, path)
        _migrate(connection, path, fresh=fresh)
    except sqlite3.Error as error:
        raise translate(error) from error
    finally:
        connection.close()
    path.chmod(0o600)


def _refuse_damaged(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if file.read(16) != b"SQLite format 3\x00":
                raise _damaged(path, "it does not begin like an SQLite file")
        connection = sqlite3.connect(path)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if path.stat().st_size <= _FULL_CHECK_BYTES:
                verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if verdict != "ok":
                    raise _damaged(path, verdict)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, why: str) -> StorageDamaged:
    backups = sorted(path.parent.glob(f"{path.stem}-before-*.db"))
    quoted = shlex.quote(str(path))
    rescued = shlex.quote(str(path.with_name("rescued.db")))
    help_ = f"sqlite3 {quoted} .recover | sqlite3 {rescued}"
    if backups:
        help_ += f"\nor go back to the last backup:\n  cp {shlex.quote(str(backups[-1]))} {quoted}"
    return StorageDamaged(
        f"the database {path} is damaged ({why}); nothing was changed. "
        f"Keep a copy, then try:\n  {help_}"
    )


def _applied(connection: sqlite3.Connection) -> list[str]:
    exists = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlite_migrations'"
    ).fetchone()
    if exists is None:
        return []
    rows = connection.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY name",
        (MIGRATION_SET,),
    )
    return [row[0] for row in rows]


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    known = {name for name, _ in migration_files()}
    unknown = [name for name in _applied(connection) if name not in known]
    if unknown:
        backup = path.with_name(f"{path.stem}-before-{unknown[0]}.db")
        way_back = (
            f"cp {shlex.quote(str(backup))} {shlex.quote(str(path))} (what came since is lost)"
            if backup.exists()
            else "pip install --upgrade noond"
        )
        raise SchemaTooNew(
            f"the database {path} was written by a newer noond (it has {', '.join(unknown)}); "
            f"install that version again, or go back:\n  {way_back}"
        )


def _migrate(connection: sqlite3.Connection, path: Path, *, fresh: bool) -> None:
    applied = set(_applied(connection))
    pending = [name for name, _ in migration_files() if name not in applied]
    if not pending:
        return
    if fresh:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("VACUUM")
    elif applied:
        backup = path.with_name(f"{path.stem}-before-{pending[0]}.db")
        backup.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(backup),))
        backup.chmod(0o600)
        log.info("database_backed_up", backup=str(backup), before=pending[0])
    load_migrations().apply(SchemaEditor(connection))
    log.info("database_migrated", applied=pending)
