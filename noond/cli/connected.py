"""What the verbs that talk to the daemon share: two options, and how names find their things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec

import click

from noond.cli.client import Client
from noond.cli.endpoint import find_endpoint
from noond.cli.exits import CommandFailed, ExitCode

P = ParamSpec("P")

json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document, for programs."
)
data_dir_option: Final = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data directory.  [default: NOOND__SERVER__DATA_DIR, else ~/.local/share/noond]",
)


def connected(command: Callable[Concatenate[Client, P], None]) -> Callable[..., None]:
    """Give a command `--data-dir` and a client of the daemon as its first argument.

    Stands nearest to the function, below its other options.
    """

    @data_dir_option
    def with_client(data_dir: Path | None, *args: P.args, **options: P.kwargs) -> None:
        command(Client(find_endpoint(data_dir)), *args, **options)

    with_client.__doc__ = command.__doc__
    with_client.__name__ = command.__name__
    return with_client


def find_agent(client: Client, word: str) -> dict[str, Any]:
    """The agent with this id or name. Raises CommandFailed for none or several."""
    agents = client.items("/agents")
    return _named(word, agents, key="id", noun="agent", verb="agents")


def find_device(client: Client, word: str) -> dict[str, Any]:
    """The device with this id or name. Raises CommandFailed for none or several."""
    devices = client.items("/devices")
    return _named(word, devices, key="device_id", noun="device", verb="devices")


def find_run_id(client: Client, word: str) -> str:
    """A run's id: the word itself, or the newest run of the agent of that name."""
    from uuid import UUID

    try:
        return str(UUID(word))
    except ValueError:
        pass
    agent = find_agent(client, word)
    newest = client.items("/runs", at_most=1, agent_id=agent["id"])
    if not newest:
        raise CommandFailed(
            f"{agent['name']} has had no run; start one with `noond run {agent['name']}`.",
            ExitCode.NOT_FOUND,
        )
    return str(newest[0]["id"])


def _named(
    word: str, things: list[dict[str, Any]], *, key: str, noun: str, verb: str
) -> dict[str, Any]:
    for thing in things:
        if thing[key] == word:
            return thing
    found = [thing for thing in things if thing["name"] == word]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(thing[key]) for thing in found)
        raise CommandFailed(
            f"{len(found)} {noun}s are named {word}; use an id: {ids}.", ExitCode.USAGE
        )
    raise CommandFailed(
        f"There is no {noun} {word!r}; `noond {verb}` lists them.", ExitCode.NOT_FOUND
    )
