"""Making a data directory: the key, the database, the first user and a key for the CLI."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from noond.accounts.cli_file import cli_json
from noond.accounts.datadir import DataDirectory
from noond.accounts.keys import new_api_key
from noond.accounts.vault import Vault, write_private
from noond.clock import Clock, SystemClock, new_id
from noond.errors import Conflict, DataDirectoryError
from noond.models.account import Role, User
from noond.store import api_keys, meta, opening, users
from noond.store.rows import Transaction

_OWN_FILES = ("noond.", "noond-before-", "key", ".key.new", "cli.json", ".cli.json.new", "archive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What `init_data_dir` made. `api_key` is a secret and is not kept in the database."""

    data_dir: Path
    user_id: str
    api_key: str


def init_data_dir(
    path: Path,
    *,
    user_name: str = "owner",
    timezone: str | None = None,
    clock: Clock | None = None,
) -> Initialised:
    """Make the data directory (0700) with everything `noond serve` needs.

    `timezone` is the first user's, by default the machine's. A directory that was left half made
    is completed. Raises Conflict when it is complete already, DataDirectoryError when the
    directory holds other things or can't be made.
    """
    clock = clock or SystemClock()
    path = path.expanduser().absolute()
    _make_directory(path)
    with DataDirectory.open(path) as directory:
        if directory.database.exists() and meta.peek(directory.database, meta.KEY_CHECK):
            raise Conflict(f"{path} is initialised already; its API key is in {directory.cli_file}")
        if directory.key_file.exists():
            vault = Vault.load(directory.key_file)
        else:
            _spare_sign_in(directory.cli_file)
            vault = Vault.make(directory.key_file)
        opening.prepare(directory.database)
        now = clock.now()
        user = User(
            id=new_id(),
            name=user_name,
            timezone=timezone or local_timezone(),
            created_at=now,
            role=Role.OWNER,
        )
        token, key = new_api_key(user.id, name="command line", scopes=frozenset({"admin"}), now=now)
        # The key is kept for the CLI before the database knows it: a kill in between leaves a
        # directory that the next `init` completes, never one whose key nobody has.
        write_private(directory.cli_file, cli_json(None, token.secret))

        def first_user(tx: Transaction) -> None:
            users.insert(tx, user)
            api_keys.insert(tx, key, token.hash)
            meta.put(tx, meta.KEY_CHECK, vault.key_check())

        meta.write_closed(directory.database, first_user)
        return Initialised(data_dir=path, user_id=user.id, api_key=token.secret)


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = sorted(entry.name for entry in path.iterdir())
        foreign = [name for name in names if not name.startswith(_OWN_FILES)]
        if foreign:
            raise DataDirectoryError(
                f"{path} holds other things ({', '.join(foreign[:3])}"
                f"{', …' if len(foreign) > 3 else ''}); name a directory of its own"
            )
        path.chmod(0o700)
    except OSError as error:
        raise DataDirectoryError(f"{path} can't be made: {error.strerror}") from None


def _spare_sign_in(cli_file: Path) -> None:
    """Raise Conflict when the file holds a key of a daemon elsewhere, which would be lost."""
    try:
        kept = json.loads(cli_file.read_text("utf-8"))
        url, key = kept["url"], kept["api_key"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if url and key:
        raise Conflict(
            f"{cli_file} holds the key that `noond login` got from {url}; name another directory "
            "with --data-dir, or remove that file"
        )


def local_timezone() -> str:
    """The IANA name of the machine's zone, or `UTC` where it does not say."""
    candidates = [os.environ.get("TZ", "").removeprefix(":")]
    link = Path("/etc/localtime")
    if link.is_symlink():
        candidates.append(str(link.readlink()).partition("zoneinfo/")[2])
    for name in candidates:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
        return name
    return "UTC"
