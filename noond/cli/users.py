"""The verbs for users: `users` lists, adds, changes and removes them, and sets passwords."""

from __future__ import annotations

import shlex
from typing import Any

import click

from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_user, json_option
from noond.cli.default_group import DefaultGroup
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.output import local_time, note, print_facts, print_json, print_line, print_rows
from noond.cli.passwords import new_password, on_keyboard, present_password, stdin_option
from noond.models.account import Role, Scope

_role_type = click.Choice([role.value for role in Role])


@click.group(cls=DefaultGroup, default="list", default_without_arguments=True)
def users() -> None:
    """List the users, add, change or remove one.

    `noond users` alone lists them. Nobody sees what belongs to another user.

    \b
    Example:
      noond users
      noond users add ana
    """


@users.command("list")
@json_option
@connected
def list_users(client: Client, as_json: bool) -> None:
    """List the users.

    \b
    Example:
      noond users list --json
    """
    found = client.items("/users")
    if as_json:
        print_json({"items": found})
        return
    print_rows(
        ("NAME", "ROLE", "PASSWORD", "TIMEZONE", "CREATED"),
        [
            (
                user["name"],
                user["role"],
                user["has_password"],
                user["timezone"],
                local_time(user["created_at"]),
            )
            for user in found
        ],
    )


@users.command()
@click.argument("name")
@click.option(
    "--role",
    type=_role_type,
    default=Role.USER.value,
    show_default=True,
    help="What they may do at most.",
)
@click.option("--timezone", metavar="ZONE", help="Such as Europe/Berlin.  [default: yours]")
@stdin_option
@click.option("--no-password", is_flag=True, help="They can't sign in until they are given one.")
@json_option
@connected
def add(
    client: Client,
    name: str,
    role: str,
    timezone: str | None,
    from_stdin: bool,
    no_password: bool,
    as_json: bool,
) -> None:
    """Add a user.

    Asks for their password, twice. A viewer sees what is theirs; a user works with it; an
    admin also adds viewers and users; an owner also makes admins and owners.

    \b
    Example:
      noond users add ana --timezone Europe/Berlin
      noond users add ben --role viewer --password-stdin < password.txt
    """
    if from_stdin and no_password:
        raise click.UsageError(
            "Use --password-stdin or --no-password, not both.", click.get_current_context()
        )
    body: dict[str, Any] = {"name": name, "role": role}
    if timezone is not None:
        body["timezone"] = timezone
    if not no_password:
        body["password"] = new_password(name, from_stdin=from_stdin)
    made = client.post("/users", body)
    if as_json:
        print_json(made)
        return
    print_line(f"{made['name']} is added, with the role {made['role']}.")
    named = shlex.quote(made["name"])
    if not made["has_password"]:
        note(f"They can't sign in yet; give them a password with `noond users passwd {named}`.")
    else:
        note(f"On their machine: `noond login {named} --url {client.url}`.")


@users.command()
@click.argument("name", required=False)
@stdin_option
@json_option
@connected
def passwd(client: Client, name: str | None, from_stdin: bool, as_json: bool) -> None:
    """Set a user's password; without NAME your own.

    Asks for it, twice. All sign-ins of the user end; API keys and devices stay. Whose key does
    not cover all that they may do is also asked for the present password of their own; on
    stdin it stands on a line before the new one.

    \b
    Example:
      noond users passwd ana
      noond users passwd --password-stdin < password.txt
    """
    me = client.get("/auth/me")
    user = me["user"]
    themselves = name is None or _same_name(name, user["name"]) or name == user["id"]
    if themselves and not _may_set_own(me):
        present = present_password("Present password", from_stdin=from_stdin)
        password = new_password(user["name"], from_stdin=from_stdin)
        body = {"current_password": present, "new_password": password}
        client.post("/auth/password", body)
    else:
        if not themselves:
            assert name is not None
            user = find_user(client, name)
        password = new_password(user["name"], from_stdin=from_stdin)
        client.post(f"/users/{segment(user['id'])}/password", {"password": password})
    if as_json:
        print_json({"id": user["id"], "name": user["name"], "password_set": True})
    else:
        print_line(f"The password of {user['name']} is set; all earlier sign-ins have ended.")


def _may_set_own(me: dict[str, Any]) -> bool:
    """Whether the credential is as good as the password: covers all that its user may do."""
    scopes = set(me["credential"]["scopes"])
    return Scope.USERS_WRITE in scopes and scopes >= Role(me["user"]["role"]).scopes


def _same_name(word: str, name: str) -> bool:
    return word.strip().casefold() == name.strip().casefold()


@users.command()
@click.argument("name")
@click.option("--name", "new_name", metavar="NAME", help="Another name.")
@click.option("--role", type=_role_type, help="What they may do at most.")
@click.option("--timezone", metavar="ZONE", help="Such as Europe/Berlin.")
@json_option
@connected
def edit(
    client: Client,
    name: str,
    new_name: str | None,
    role: str | None,
    timezone: str | None,
    as_json: bool,
) -> None:
    """Change a user's name, role or time zone.

    A new role counts at once, for their keys and sign-ins too.

    \b
    Example:
      noond users edit ana --role admin
      noond users edit owner --name ines
    """
    given = {"name": new_name, "role": role, "timezone": timezone}
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise click.UsageError(
            "Nothing to change: give --name, --role or --timezone.", click.get_current_context()
        )
    user = find_user(client, name)
    changed = client.patch(f"/users/{segment(user['id'])}", changes)
    if as_json:
        print_json(changed)
    else:
        print_facts({field: changed[field] for field in ("name", "role", "timezone")})


@users.command("rm")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@connected
def remove(client: Client, name: str, yes: bool, as_json: bool) -> None:
    """Remove a user, and delete everything that is theirs.

    Asks for their name as a confirmation.

    \b
    Example:
      noond users rm ana
      noond users rm ana --yes
    """
    user = find_user(client, name)
    if not yes:
        _confirm(user["name"])
    client.delete(f"/users/{segment(user['id'])}")
    if as_json:
        print_json({"id": user["id"], "name": user["name"], "removed": True})
    else:
        print_line(f"{user['name']} is removed.")


def _confirm(name: str) -> None:
    """Raise CommandFailed unless somebody at the keyboard types the name."""
    if not on_keyboard():
        raise click.UsageError(
            "There is no terminal to confirm it at; use --yes.", click.get_current_context()
        )
    for line in (
        f"{name} and their devices are shut out at once, and their runs end.",
        "Their agents, runs, records, keys and pairings are deleted; what their",
        "devices have received stays on the devices. There is no way back.",
    ):
        note(line)
    typed: str = click.prompt("Type the name to go on", default="", show_default=False, err=True)
    if typed.strip() != name.strip():
        raise CommandFailed("That is not the name; nothing was removed.", ExitCode.FAILED)
