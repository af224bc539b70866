"""The device's own tables: made on first opening, refused when they are not ours or newer."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from noond.errors import SchemaTooNew, StorageBusy, StorageDamaged, StorageError, StorageFull

VERSION: Final = 1
_APPLICATION_ID: Final = 0x6E6F6F64  # "nood" in SQLite's header

# The columns' names are the wire's (and the app's), so that data goes in and out unchanged.
_TABLES: Final = """
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE projects (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    clientId      TEXT,
    isAiSuggested INTEGER NOT NULL DEFAULT 0 CHECK (isAiSuggested IN (0, 1)),
    isApproved    INTEGER NOT NULL DEFAULT 0 CHECK (isApproved IN (0, 1)),
    createdAt     INTEGER NOT NULL,
    updatedAt     INTEGER NOT NULL
);

CREATE TABLE tasks (
    id            TEXT PRIMARY KEY,
    title         TEXT NOT NULL,
    description   TEXT,
    status        TEXT NOT NULL DEFAULT 'todo' CHECK (status IN ('todo', 'in_progress', 'done')),
    priority      TEXT NOT NULL DEFAULT 'medium' CHECK (priority IN ('high', 'medium', 'low')),
    assignee      TEXT,
    dueDate       INTEGER,
    projectId     TEXT REFERENCES projects (id),
    isAiSuggested INTEGER NOT NULL DEFAULT 0 CHECK (isAiSuggested IN (0, 1)),
    isApproved    INTEGER NOT NULL DEFAULT 0 CHECK (isApproved IN (0, 1)),
    createdAt     INTEGER NOT NULL,
    updatedAt     INTEGER NOT NULL
);
CREATE INDEX tasks_by_project ON tasks (projectId);

CREATE TABLE notes (
    id            TEXT PRIMARY KEY,
    title         TEXT NOT NULL,
    content       TEXT,
    projectId     TEXT REFERENCES projects (id),
    isAiSuggested INTEGER NOT NULL DEFAULT 0 CHECK (isAiSuggested IN (0, 1)),
    isApproved    INTEGER NOT NULL DEFAULT 0 CHECK (isApproved IN (0, 1)),
    createdAt     INTEGER NOT NULL,
    updatedAt     INTEGER NOT NULL
);
CREATE INDEX notes_by_project ON notes (projectId);

CREATE TABLE timelines (
    id            TEXT PRIMARY KEY,
    title         TEXT NOT NULL,
    projectId     TEXT NOT NULL REFERENCES projects (id),
    date          INTEGER,
    isAiSuggested INTEGER NOT NULL DEFAULT 0 CHECK (isAiSuggested IN (0, 1)),
    isApproved    INTEGER NOT NULL DEFAULT 0 CHECK (isApproved IN (0, 1)),
    createdAt     INTEGER NOT NULL,
    updatedAt     INTEGER NOT NULL
);
CREATE INDEX timelines_by_project ON timelines (projectId);

CREATE TABLE taskComments (
    id            TEXT PRIMARY KEY,
    taskId        TEXT NOT NULL REFERENCES tasks (id),
    author        TEXT,
    content       TEXT NOT NULL,
    isAiSuggested INTEGER NOT NULL DEFAULT 0 CHECK (isAiSuggested IN (0, 1)),
    isApproved    INTEGER NOT NULL DEFAULT 0 CHECK (isApproved IN (0, 1)),
    createdAt     INTEGER NOT NULL,
    updatedAt     INTEGER NOT NULL
);
CREATE INDEX task_comments_by_task ON taskComments (taskId);

-- Every call that was applied, with its answer: a repeated id gets the same one. For an insert
-- also where the record comes from and what the person decided; it outlives the record.
-- decision_number grows with each decision; the daemon acknowledged up to acknowledged_number.
CREATE TABLE applied_calls (
    id                  TEXT PRIMARY KEY,
    action              TEXT NOT NULL CHECK (action IN ('insert', 'delete', 'notify')),
    result              TEXT NOT NULL,
    table_name          TEXT,
    record_id           TEXT,
    agent_id            TEXT,
    run_id              TEXT,
    path                TEXT,
    quote               TEXT,
    sha256              TEXT,
    applied_at          INTEGER NOT NULL,
    decision            TEXT CHECK (decision IN ('approved', 'edited', 'rejected')),
    decided_data        TEXT,
    decided_at          INTEGER,
    decision_number     INTEGER NOT NULL DEFAULT 0,
    acknowledged_number INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX applied_calls_by_record ON applied_calls (record_id) WHERE action = 'insert';
CREATE INDEX decisions_to_send ON applied_calls (decided_at)
    WHERE decision_number > acknowledged_number;

-- SHA-256 of files that did not change since they were read. `path` is the real path's bytes.
CREATE TABLE file_hashes (
    path     BLOB PRIMARY KEY,
    size     INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    inode    INTEGER NOT NULL,
    sha256   BLOB NOT NULL,
    used_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX file_hashes_by_use ON file_hashes (used_at);
"""

SEEDED_PROJECTS: Final = (("inbox", "Inbox"), ("home", "Home"))
"""Id and name of the projects that a new store has, so that timelines can refer to one."""

_FORGET_HASHES_AFTER_MS: Final = 90 * 24 * 3600 * 1000


def prepare(path: Path, now_ms: int) -> None:
    """Make the store, or check that it is one of this version; mode 0600.

    The caller holds the store's write lock. Raises SchemaTooNew, StorageDamaged, StorageError.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if not empty and owner != _APPLICATION_ID:
            raise StorageError(f"{path} is a database, but not a device's store; name another file")
        if version > VERSION:
            raise SchemaTooNew(
                f"the device store {path} was written by a newer noond; install that version again"
            )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        if empty:
            _create(connection, now_ms)
        connection.execute(
            "DELETE FROM file_hashes WHERE used_at < ?", (now_ms - _FORGET_HASHES_AFTER_MS,)
        )
    except sqlite3.Error as error:
        raise translate(error, path) from error
    finally:
        connection.close()


def _create(connection: sqlite3.Connection, now_ms: int) -> None:
    # executescript commits nothing of its own accord while its script opens the transaction.
    connection.executescript(f"BEGIN IMMEDIATE; {_TABLES}")
    connection.executemany(
        "INSERT INTO projects (id, name, createdAt, updatedAt) VALUES (?, ?, ?, ?)",
        [(id_, name, now_ms, now_ms) for id_, name in SEEDED_PROJECTS],
    )
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def translate(error: sqlite3.Error, path: Path) -> StorageError:
    """The error of our tree for an error of SQLite."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StorageFull()
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StorageBusy(f"another program holds {path}; try again")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StorageDamaged(
            f"the device store {path} is damaged ({error}); nothing was changed. Keep a copy, then "
            f"try: sqlite3 {path} .recover | sqlite3 rescued.db"
        )
    return StorageError(f"the device store {path} refused: {error}")
