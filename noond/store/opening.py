"""Opening the database file: refuse a damaged or newer one, back up, migrate.

What can't be read is never made anew; the error names the command that helps.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from pathlib import Path

import structlog
from sqlite_utils import Database as SchemaEditor

from noond.errors import NoondError, SchemaTooNew, StorageBusy, StorageDamaged, StorageError
from noond.store.database import connect_reader, connect_writer, translate
from noond.store.migrations import MIGRATION_SET, load_migrations, migration_files

log = structlog.get_logger(__name__)

_FULL_CHECK_BYTES = 64 * 1024 * 1024
"""Files up to this size are checked page by page at every start (about 0.1 s)."""

_NO_ACCESS_CODES = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


def prepare(path: Path) -> None:
    """Make the file, or bring it to the present schema after a backup beside it.

    Raises StorageDamaged, SchemaTooNew, StorageBusy, StorageFull, or StorageError when the file
    can't be opened; until the migrations begin, nothing is changed.
    """
    fresh = not path.exists() or path.stat().st_size == 0
    try:
        if fresh:
            refuse_emptied(path)
        else:
            _examine(path)
        connection = connect_writer(path)
        try:
            _migrate(connection, path, fresh=fresh)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    path.chmod(0o600)


def refuse_emptied(path: Path) -> None:
    """Raise StorageDamaged for a missing or empty file that has a WAL or a backup beside it.

    SQLite would delete the WAL and begin anew.
    """
    wal = path.with_name(path.name + "-wal")
    if (wal.exists() and wal.stat().st_size > 0) or _backups(path):
        raise _damaged(path, "it is empty or gone")


def _examine(path: Path) -> None:
    """Refuse a damaged or newer file. Reads only: even a checkpoint would change the file."""
    try:
        with path.open("rb") as file:
            if file.read(16) != b"SQLite format 3\x00":
                raise _damaged(path, "it does not begin like an SQLite file")
    except OSError as error:
        raise _no_access(path, error.strerror or str(error)) from None
    connection = connect_reader(path)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if path.stat().st_size <= _FULL_CHECK_BYTES:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise _damaged(path, verdict)
        _refuse_newer(connection, path)
    finally:
        connection.close()


def _explained(path: Path, error: sqlite3.Error) -> NoondError:
    """The error of our tree, with the file and the command that helps."""
    translated = translate(error)
    if isinstance(translated, StorageDamaged):
        return _damaged(path, str(error))
    if isinstance(translated, StorageBusy):
        return StorageBusy(
            f"another program holds the database {path}; end it and try again. "
            f"It is named by:\n  fuser -v {shlex.quote(str(path))}"
        )
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NO_ACCESS_CODES:
        return _no_access(path, str(error))
    return translated


def _no_access(path: Path, why: str) -> StorageError:
    folder = shlex.quote(str(path.parent))
    return StorageError(
        f"the database {path} can't be opened for writing ({why}); nothing was changed. "
        f"Give its directory back to the user that runs noond:\n"
        f'  chown -R "$(id -un)" {folder} && chmod -R u+rwX {folder}'
    )


def _backups(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.stem}-before-*.db"))


def _damaged(path: Path, why: str) -> StorageDamaged:
    backups = _backups(path)
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
        _back_up(connection, path.with_name(f"{path.stem}-before-{pending[0]}.db"))
    load_migrations().apply(SchemaEditor(connection))
    log.info("database_migrated", applied=pending)


def _back_up(connection: sqlite3.Connection, backup: Path) -> None:
    """Copy the database; under its name the copy is always whole and on the disk."""
    partial = backup.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    connection.execute("VACUUM INTO ?", (str(partial),))
    partial.chmod(0o600)
    _sync(partial)
    partial.replace(backup)
    _sync(backup.parent)
    log.info("database_backed_up", backup=str(backup))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
