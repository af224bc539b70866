"""Which daemon a command talks to, and with which key; `cli.json`, where both are kept."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from noond.cli.exits import CommandFailed, ExitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The daemon's address and an API key; `origin` says where both were found.

    Without a key ("") only public routes answer. `file` is the `cli.json` that holds the key.
    """

    url: str
    api_key: str = field(repr=False)
    origin: str
    file: Path | None = None

    @property
    def key_origin(self) -> str:
        """Where the key was found."""
        return "NOOND_API_KEY" if self.file is None else str(self.file)


def data_directory(flag: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The data directory: `--data-dir`, else `NOOND__SERVER__DATA_DIR`, else the default."""
    if chosen := flag or environ.get("NOOND__SERVER__DATA_DIR"):
        return Path(chosen).expanduser()
    from noond.config import default_data_dir

    return default_data_dir()


def find_endpoint(data_dir: Path | None, environ: Mapping[str, str] = os.environ) -> Endpoint:
    """The daemon to talk to: `--data-dir`, else NOOND_URL and NOOND_API_KEY, else cli.json.

    Raises CommandFailed when neither names one.
    """
    url, key = environ.get("NOOND_URL"), environ.get("NOOND_API_KEY")
    if data_dir is None and (url or key):
        if not (url and key):
            # The key in cli.json belongs to another address; it is not sent anywhere else.
            missing = "NOOND_API_KEY" if url else "NOOND_URL"
            raise CommandFailed(
                f"NOOND_URL and NOOND_API_KEY go together; set {missing} too.", ExitCode.USAGE
            )
        return Endpoint(url=url.rstrip("/"), api_key=key, origin="NOOND_URL")
    return _from_file(data_directory(data_dir, environ) / "cli.json")


def _from_file(file: Path) -> Endpoint:
    kept = read_cli_file(file)
    if kept is None:
        raise CommandFailed(
            f"There is no {file}. Run `noond init` and `noond serve` first, name the data "
            "directory with --data-dir, sign in to a daemon elsewhere with `noond login`, or set "
            "NOOND_URL and NOOND_API_KEY.",
            ExitCode.UNREACHABLE,
        )
    url, key = kept
    if not url:
        raise CommandFailed(
            f"No daemon runs on {file.parent}. Start it with `noond serve`.", ExitCode.UNREACHABLE
        )
    if not key:
        raise CommandFailed(
            f"{file} holds no API key; sign in with `noond login`, or set NOOND_URL and "
            "NOOND_API_KEY.",
            ExitCode.UNREACHABLE,
        )
    return Endpoint(url=url.rstrip("/"), api_key=key, origin=str(file), file=file)


def read_cli_file(file: Path) -> tuple[str | None, str | None] | None:
    """The address and the key in a `cli.json`, None where it holds none; None without a file.

    Raises CommandFailed when it can't be read.
    """
    try:
        content = json.loads(file.read_text("utf-8"))
        url, key = content.get("url"), content["api_key"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CommandFailed(
            f"{file} can't be read: {error.strerror}. Run this as the daemon's user, or set "
            "NOOND_URL and NOOND_API_KEY.",
            ExitCode.UNREACHABLE,
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandFailed(
            f'{file} is not {{"url": …, "api_key": …}}. Restart `noond serve` if it holds the key, '
            "or set NOOND_URL and NOOND_API_KEY.",
            ExitCode.UNREACHABLE,
        ) from None
    return str(url) if url else None, str(key) if key else None


def write_cli_file(file: Path, url: str, api_key: str | None) -> None:
    """Keep the address and the key for the commands to come: mode 0600, whole or not at all.

    Raises CommandFailed.
    """
    from noond.accounts.cli_file import cli_json
    from noond.accounts.vault import write_private

    try:
        write_private(file, cli_json(url, api_key))
    except OSError as error:
        raise CommandFailed(f"{file} can't be written: {error.strerror}.") from None
