"""The data directory: where its files are, who may hold it, and whether it can be used."""

from __future__ import annotations

import fcntl
import os
import shlex
import stat
from pathlib import Path
from types import TracebackType

from noond.accounts.vault import Vault
from noond.errors import DataDirectoryError, DataDirectoryLocked, KeyMismatch
from noond.store import meta, opening


class DataDirectory:
    """A data directory that this process alone holds, until `close`.

    The lock is the kernel's (flock on `noond.lock`): it ends with the process, however that ends.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock: int | None = lock

    @property
    def database(self) -> Path:
        """The database file."""
        return self.path / "noond.db"

    @property
    def key_file(self) -> Path:
        """The key file."""
        return self.path / "key"

    @property
    def cli_file(self) -> Path:
        """Where the command line finds the daemon's address and a key."""
        return self.path / "cli.json"

    @property
    def archive(self) -> Path:
        """Where old rows of the audit log are kept as files."""
        return self.path / "archive"

    @property
    def temporary(self) -> Path:
        """Where temporary files are made, and deleted a day later when nobody did."""
        return self.path / "tmp"

    @classmethod
    def open(cls, path: Path) -> DataDirectory:
        """Lock a directory that exists.

        Raises DataDirectoryLocked naming the process that holds it, and DataDirectoryError when
        it is missing, no directory, another user's, or writable by others.
        """
        try:
            status = path.stat()
        except FileNotFoundError:
            raise DataDirectoryError(
                f"there is no data directory {path}; make it with: "
                f"noond init --data-dir {shlex.quote(str(path))}"
            ) from None
        except OSError as error:
            raise DataDirectoryError(f"{path} can't be used: {error.strerror}") from None
        if not stat.S_ISDIR(status.st_mode):
            raise DataDirectoryError(f"{path} is not a directory")
        if status.st_uid != os.geteuid():
            raise DataDirectoryError(f"the data directory {path} belongs to another user")
        if status.st_mode & 0o022:
            raise DataDirectoryError(
                f"others can write to the data directory {path}; "
                f"run: chmod 700 {shlex.quote(str(path))}"
            )
        return cls(path, _lock(path / "noond.lock"))

    def prepare(self) -> Vault:
        """Check the key, bring the database to the present schema, and return the vault.

        Raises KeyMismatch before anything is changed, DataDirectoryError when `noond init` was
        not run here, and what `store.opening.prepare` raises.
        """
        if not self.database.exists() or self.database.stat().st_size == 0:
            opening.refuse_emptied(self.database)
            raise DataDirectoryError(
                f"{self.path} holds no database; make one with: "
                f"noond init --data-dir {shlex.quote(str(self.path))}"
            )
        vault = Vault.load(self.key_file)
        self._verify(vault)
        opening.prepare(self.database)
        if not self._verify(vault):
            raise DataDirectoryError(
                f"the database in {self.path} was never set up; finish it with: "
                f"noond init --data-dir {shlex.quote(str(self.path))}"
            )
        self._make_temporary()
        return vault

    def _make_temporary(self) -> None:
        try:
            self.temporary.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise DataDirectoryError(f"{self.temporary} can't be made: {error.strerror}") from None
        if self.temporary.is_symlink():
            raise DataDirectoryError(f"{self.temporary} is a link; remove it")

    def _verify(self, vault: Vault) -> bool:
        """Whether the database holds a check of its key; raises KeyMismatch if of another."""
        key_check = meta.peek(self.database, meta.KEY_CHECK)
        if key_check is None:
            return False
        try:
            vault.verify(key_check)
        except KeyMismatch:
            raise KeyMismatch(
                f"the key file {self.key_file} is not the one that {self.database} was made "
                "with; put the right one back. Nothing was changed."
            ) from None
        return True

    def close(self) -> None:
        """Give the directory back. Idempotent."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> DataDirectory:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


def _lock(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise DataDirectoryError(f"{path} can't be opened: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise DataDirectoryLocked(
            f"the data directory {path.parent} is used by another noond"
            + (f" (process {holder})" if holder.isdigit() else "")
            + "; stop it first"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
