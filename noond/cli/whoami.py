"""The verb that says who a command line is to the daemon: `noond whoami`."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from noond.cli.client import Client
from noond.cli.connected import connected, json_option
from noond.cli.output import local_time, note, print_facts, print_json
from noond.models.account import Scope

_SOON: Final = timedelta(days=30)


@click.command()
@json_option
@connected
def whoami(client: Client, as_json: bool) -> None:
    """Show which user you are, with which key, and what it may do.

    \b
    Example:
      noond whoami
    """
    me = client.get("/auth/me")
    user, credential = me["user"], me["credential"]
    if as_json:
        print_json(me)
    else:
        print_facts(
            {
                "user": user["name"],
                "role": user["role"],
                "password": user["has_password"],
                "timezone": user["timezone"],
                "daemon": client.url,
                "key": credential["name"],
                "from": client.endpoint.key_origin,
                "expires": local_time(credential["expires_at"]),
                "may": " ".join(credential["scopes"]),
            }
        )
    _warn(credential)


def _warn(credential: dict[str, Any]) -> None:
    """Say when the key's end is near."""
    left = datetime.fromisoformat(credential["expires_at"]) - datetime.now(UTC)
    if credential["kind"] != "api_key" or left > _SOON:
        return
    name = shlex.quote(credential["name"])
    what = (
        f"`noond keys rotate {name}` gives it another year"
        if {Scope.KEYS_READ, Scope.KEYS_WRITE} <= set(credential["scopes"])
        else "make another one in time"
    )
    note(f"This key expires in {left.days} days; {what}.")
