"""The verbs for API keys: `keys` lists, makes, rotates and revokes one's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_key, json_option
from noond.cli.default_group import DefaultGroup
from noond.cli.endpoint import write_cli_file
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.output import (
    local_time,
    note,
    on_terminal,
    print_facts,
    print_json,
    print_line,
    print_rows,
)
from noond.models.account import Role, Scope


@click.group(cls=DefaultGroup, default="list", default_without_arguments=True)
def keys() -> None:
    """List your API keys, make, rotate or revoke one.

    `noond keys` alone lists them. A KEY is named by its name, its id, or by how its secret
    begins, as the list shows it.

    \b
    Example:
      noond keys
      noond keys create dashboard --scope read
    """


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help="What it may do.  [repeat for more]",
)
@click.option(
    "--days",
    type=click.IntRange(1, 365),
    help="For how long it works.  [default: 365]",
)
@json_option
@connected
def create(
    client: Client, name: str, scopes: tuple[str, ...], days: int | None, as_json: bool
) -> None:
    """Make an API key. Its secret is printed once, alone on stdout.

    It can't do what your own key can't. Scopes:

    \b
      read     agents:read devices:read events:read jobs:read usage:read
      write    read, agents:write, agents:execute, jobs:write
      admin    all that your role allows
      others   devices:write keys:read keys:write users:read users:write
               jobs:admin audit:read metrics:read

    \b
    Example:
      noond keys create dashboard --scope read --days 90
      KEY=$(noond keys create importer --scope write --scope devices:write)
    """
    body: dict[str, Any] = {"name": name, "scopes": list(scopes)}
    if days is not None:
        body["expires_in_days"] = days
    made = client.post("/api-keys", body)
    if as_json:
        print_json(made)
        return
    note(f"{made['name']} works until {_day(made['expires_at'])}. Its secret, shown once:")
    print_line(made["api_key"])
    role = Role(client.get("/auth/me")["user"]["role"])
    if beyond := {*scopes} & {*Scope} - role.scopes:
        note(f"As long as you are a {role}, the key can't {', '.join(sorted(beyond))} either.")


@keys.command("list")
@json_option
@connected
def list_keys(client: Client, as_json: bool) -> None:
    """List your API keys; revoked ones are gone.

    \b
    Example:
      noond keys list --json
    """
    found = client.items("/api-keys")
    if as_json:
        print_json({"items": found})
        return
    own_id = client.get("/auth/me")["credential"]["id"]
    print_rows(
        ("KEY", "NAME", "SCOPES", "EXPIRES", "LAST USED", "STATUS"),
        [
            (
                key["prefix"],
                key["name"],
                " ".join(key["scopes"]),
                _when(key["expires_at"]),
                _when(key["last_used_at"]),
                _state(key, own_id),
            )
            for key in found
        ],
    )


@keys.command()
@click.argument("key")
@json_option
@connected
def show(client: Client, key: str, as_json: bool) -> None:
    """Show an API key, without its secret, which nobody has.

    \b
    Example:
      noond keys show dashboard
    """
    found = find_key(client, key)
    if as_json:
        print_json(found)
        return
    print_facts(
        {
            "name": found["name"],
            "id": found["id"],
            "begins": found["prefix"],
            "scopes": " ".join(found["scopes"]),
            "created": local_time(found["created_at"]),
            "expires": local_time(found["expires_at"]),
            "last used": local_time(found["last_used_at"]) or "never",
        }
    )


@keys.command()
@click.argument("key")
@json_option
@connected
def rotate(client: Client, key: str, as_json: bool) -> None:
    """Give an API key a new secret and a new year.

    The old secret works until the new one was used. The new one is printed once, alone on
    stdout; that of the key in cli.json is not printed but kept there, and used at once.

    \b
    Example:
      noond keys rotate dashboard
    """
    found = find_key(client, key)
    in_use = found["id"] == client.get("/auth/me")["credential"]["id"]
    made = client.post(f"/api-keys/{segment(found['id'])}/rotate")
    if in_use and client.endpoint.file is not None:
        secret = made.pop("api_key")
        write_cli_file(client.endpoint.file, client.url, secret)
        Client(replace(client.endpoint, api_key=secret)).get("/auth/me")
        if as_json:
            print_json({**made, "kept_in": str(client.endpoint.file)})
        else:
            print_line(
                f"{made['name']} has a new secret until {_day(made['expires_at'])}; the old one "
                "has ended."
            )
            note(f"The new one is kept in {client.endpoint.file}.")
        return
    if as_json:
        print_json(made)
        return
    note(
        f"{made['name']} works until {_day(made['expires_at'])}. Its old secret ends when the new "
        "one is used. Shown once:"
    )
    print_line(made["api_key"])
    if in_use:
        note("It is the key of NOOND_API_KEY: set that to the new secret.")


@keys.command()
@click.argument("key")
@click.option("--yes", is_flag=True, help="Also the key that this command uses.")
@json_option
@connected
def revoke(client: Client, key: str, yes: bool, as_json: bool) -> None:
    """Revoke an API key: it works no more, and what it holds open is closed.

    \b
    Example:
      noond keys revoke dashboard
    """
    found = find_key(client, key)
    me = client.get("/auth/me")
    in_use = found["id"] == me["credential"]["id"]
    if in_use and not yes:
        raise CommandFailed(_what_would_happen(client, me), ExitCode.CONFLICT)
    client.delete(f"/api-keys/{segment(found['id'])}")
    if in_use and client.endpoint.file is not None:
        write_cli_file(client.endpoint.file, client.url, None)
    if as_json:
        print_json({"id": found["id"], "name": found["name"], "revoked": True})
    else:
        print_line(f"{found['name']} is revoked.")


def _what_would_happen(client: Client, me: dict[str, Any]) -> str:
    """Why one's own key is not revoked just so."""
    name = me["user"]["name"]
    if me["user"]["has_password"]:
        after = f"after that `noond login {name}` lets it in again"
    else:
        after = (
            f"{name} has no password to be let in with again, so set one first with "
            "`noond users passwd`"
        )
    return (
        f"This command line uses that key itself (from {client.endpoint.key_origin}); {after}. "
        "With --yes it is revoked; `noond keys rotate` would only change its secret."
    )


def _state(key: dict[str, Any], own_id: str) -> str:
    if datetime.fromisoformat(key["expires_at"]) <= datetime.now(UTC):
        return "expired"
    return "in use" if key["id"] == own_id else ""


def _when(moment: str | None) -> str:
    """A time in a list: on a terminal only the date."""
    return _day(moment) if moment and on_terminal() else moment or ""


def _day(moment: str) -> str:
    """The date of an RFC 3339 time, here."""
    return datetime.fromisoformat(moment).astimezone().date().isoformat()
