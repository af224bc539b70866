"""The verb that gives the command line a key for a password: `noond login`."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from noond.cli.client import Client, segment
from noond.cli.connected import data_dir_option, json_option
from noond.cli.endpoint import Endpoint, data_directory, read_cli_file, write_cli_file
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.output import note, print_json, print_line
from noond.cli.passwords import present_password, stdin_option

_DAEMONS_FILES = ("key", "noond.db")
"""What makes a data directory that of a daemon; `noond init` makes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the key will be kept, and whose it will be."""

    file: Path
    url: str


@click.command()
@click.argument("name")
@click.option("--url", help="The daemon's address.  [default: NOOND_URL, else that in cli.json]")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("admin",),
    metavar="SCOPE",
    help="What the key may do; see `noond keys create --help`.  [default: all your role allows]",
)
@click.option("--key-name", metavar="NAME", help="What to call the key.  [default: this host]")
@stdin_option
@click.option(
    "--replace",
    "replacing",
    is_flag=True,
    help="Forget the key that cli.json holds; it is not revoked.",
)
@json_option
@data_dir_option
def login(
    name: str,
    url: str | None,
    scopes: tuple[str, ...],
    key_name: str | None,
    from_stdin: bool,
    replacing: bool,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Sign in: get an API key for a password.

    The key is kept in cli.json in the data directory, where all verbs find it; the password is
    not kept. `noond keys revoke` with that key signs out.

    \b
    Example:
      noond login ana --url https://noond.example.org
    """
    place = _choose(data_dir, url, replacing=replacing)
    client = Client(Endpoint(url=place.url, api_key="", origin="--url"))
    password = present_password(f"Password of {name} at {place.url}", from_stdin=from_stdin)
    opened = client.post("/auth/login", {"name": name, "password": password})
    signed_in = Client(replace(client.endpoint, api_key=opened["access_token"]))
    try:
        user = opened["user"]
        made = _make_key(signed_in, place, name=key_name or _host(), scopes=scopes)
    finally:
        signed_in.post("/auth/logout")
    made.pop("api_key")
    if as_json:
        print_json({"user": user, "key": made, "kept_in": str(place.file)})
        return
    print_line(f"You are {user['name']} ({user['role']}) at {place.url}.")
    note(f"The key “{made['name']}” is kept in {place.file}.")
    if os.environ.get("NOOND_API_KEY") and data_dir is None:
        note("Commands use NOOND_API_KEY instead, as long as it is set.")


def _choose(data_dir: Path | None, url: str | None, *, replacing: bool) -> _Place:
    """Where to sign in, and where to keep the key.

    Raises CommandFailed when another key would be lost, or the password be readable on its way.
    """
    directory = data_directory(data_dir).absolute()
    file = directory / "cli.json"
    kept_url, kept_key = read_cli_file(file) or (None, None)
    url = (url or os.environ.get("NOOND_URL") or kept_url or "").rstrip("/")
    if not url:
        raise CommandFailed("Name the daemon's address with --url.", ExitCode.USAGE)
    if url != kept_url and any((directory / name).exists() for name in _DAEMONS_FILES):
        raise CommandFailed(
            f"{directory} belongs to the daemon at {kept_url}, whose key is kept there; name "
            "another directory with --data-dir."
            if kept_url
            else f"{directory} belongs to a daemon whose address is not known; restart it with "
            "`noond serve`, or name another directory with --data-dir.",
            ExitCode.CONFLICT,
        )
    if kept_key and not replacing:
        raise CommandFailed(
            f"{file} holds a key already, for {kept_url}; with --replace it is forgotten there, "
            "or name another directory with --data-dir.",
            ExitCode.CONFLICT,
        )
    if urlsplit(url).scheme == "http" and not _is_loopback(urlsplit(url).hostname or ""):
        raise CommandFailed(
            f"{url} would carry the password in the clear; use https.", ExitCode.USAGE
        )
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"{directory} can't be made: {error.strerror}.") from None
    return _Place(file=file, url=url)


def _make_key(
    client: Client, place: _Place, *, name: str, scopes: tuple[str, ...]
) -> dict[str, Any]:
    made: dict[str, Any] = client.post("/api-keys", {"name": name, "scopes": list(scopes)})
    try:
        write_cli_file(place.file, place.url, made["api_key"])
    except CommandFailed:
        client.delete(f"/api-keys/{segment(made['id'])}")
        raise
    return made


def _host() -> str:
    import socket

    return f"noond on {socket.gethostname()}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
