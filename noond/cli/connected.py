"""What the verbs that talk to the daemon share: two options, and how names find their things."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec

import click

from noond.cli.client import Client, Problem, segment
from noond.cli.endpoint import find_endpoint
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.record_text import HERE, AgentView

P = ParamSpec("P")

RUN_VERBS: Final = frozenset({"start", "cancel", "resend", "apply", "revert", "diff"})
"""The words after `noond run` that are no agent's name."""

_ID_END: Final = re.compile("[0-9a-fA-F]{6,12}")
"""The end of a run's id, as lists on a terminal show it."""

_LOOKED_AT: Final = 1000

_SECRET_LENGTH: Final = 40
"""No id is as long; the secret of a key is longer."""

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
    agents = client.items("/agents", kind="local")
    return _named(word, agents, key="id", noun="agent", verb="agents")


def find_device(client: Client, word: str) -> dict[str, Any]:
    """The device with this id or name. Raises CommandFailed for none or several."""
    devices = client.items("/devices")
    return _named(word, devices, key="device_id", noun="device", verb="devices")


def find_user(client: Client, word: str) -> dict[str, Any]:
    """The user with this id, or this name in whatever case. Raises CommandFailed for none."""
    wanted = word.strip().casefold()
    for user in client.items("/users"):
        if word == user["id"] or wanted == user["name"].strip().casefold():
            return user
    raise CommandFailed(f"There is no user {word!r}; `noond users` lists them.", ExitCode.NOT_FOUND)


def find_key(client: Client, word: str) -> dict[str, Any]:
    """Your key with this id, this name, or this beginning of its secret.

    Raises CommandFailed for none or several.
    """
    keys = client.items("/api-keys")
    for key in keys:
        if word in (key["id"], key["prefix"]):
            return key
    # Whoever types a whole secret by mistake does not find it in a log.
    shown = word if len(word) < _SECRET_LENGTH else f"{word[:12]}…"
    named = [key for key in keys if key["name"] == word]
    if len(named) == 1:
        return named[0]
    if named:
        beginnings = ", ".join(str(key["prefix"]) for key in named)
        raise CommandFailed(
            f"{len(named)} keys are named {shown}; say which by how it begins: {beginnings}.",
            ExitCode.USAGE,
        )
    raise CommandFailed(f"You have no key {shown!r}; `noond keys` lists them.", ExitCode.NOT_FOUND)


def find_run_id(client: Client, word: str) -> str:
    """A run's id: the word itself, the one that ends with it, or an agent's newest run.

    Raises CommandFailed for none or several.
    """
    from uuid import UUID

    try:
        return str(UUID(word))
    except ValueError:
        pass
    agents = client.items("/agents", kind="local")
    if _ID_END.fullmatch(word) and not any(word in (each["id"], each["name"]) for each in agents):
        return _run_that_ends_with(client, word.lower())
    agent = _named(word, agents, key="id", noun="agent", verb="agents")
    newest = client.items("/runs", at_most=1, agent_id=agent["id"])
    if not newest:
        raise CommandFailed(
            f"{agent['name']} has had no run; start one with `{run_verb(agent['name'])}`.",
            ExitCode.NOT_FOUND,
        )
    return str(newest[0]["id"])


def _run_that_ends_with(client: Client, end: str) -> str:
    found = [run["id"] for run in client.items("/runs") if run["id"].endswith(end)]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise CommandFailed(
            f"{len(found)} runs end with {end}: {', '.join(found)}.", ExitCode.USAGE
        )
    raise CommandFailed(
        f"There is no agent and no run {end!r}; `noond runs` lists the runs.", ExitCode.NOT_FOUND
    )


def find_job_id(client: Client, word: str) -> str:
    """A job's id: the word itself, or the one of your newest thousand jobs that ends with it.

    Raises CommandFailed for none or several.
    """
    return _find_id(client, word, path="/jobs", key="id", noun="job", verb="jobs")


def find_task_id(client: Client, word: str) -> str:
    """A task's id, found as a job's is."""
    return _find_id(client, word, path="/agents/tasks", key="task_id", noun="task", verb="tasks")


def find_conversation_id(client: Client, word: str) -> str:
    """A conversation's id, found as a job's is."""
    return _find_id(
        client, word, path="/conversations", key="id", noun="conversation", verb="conversations"
    )


def find_schedule_id(client: Client, word: str) -> str:
    """A schedule's id: that of the one with this name, else found as a job's is."""
    for schedule in client.items("/schedules"):
        if schedule["name"] == word:
            return str(schedule["id"])
    return _find_id(client, word, path="/schedules", key="id", noun="schedule", verb="schedules")


def _find_id(client: Client, word: str, *, path: str, key: str, noun: str, verb: str) -> str:
    from uuid import UUID

    try:
        return str(UUID(word))
    except ValueError:
        pass
    found: list[str] = []
    if _ID_END.fullmatch(word):
        newest = client.items(path, at_most=_LOOKED_AT)
        found = [each[key] for each in newest if each[key].endswith(word.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandFailed(
            f"{len(found)} {noun}s end with {word}: {', '.join(found)}.", ExitCode.USAGE
        )
    raise CommandFailed(
        f"There is no {noun} {word!r}; `noond {verb}` lists them.", ExitCode.NOT_FOUND
    )


def run_verb(agent_name: str) -> str:
    """The command that runs the agent, as one types it into a shell."""
    start = "start " if agent_name in RUN_VERBS else ""
    return f"noond run {start}{shlex.quote(agent_name)}"


def view_of_agent(client: Client, agent_id: str) -> AgentView:
    """How the agent's records are shown; as anything here when the agent is removed."""
    from zoneinfo import ZoneInfo

    try:
        agent = client.get(f"/agents/{segment(agent_id)}")
    except Problem as problem:
        if problem.status == 404:
            return HERE
        raise
    return AgentView(zone=ZoneInfo(agent["timezone"]), folders=tuple(agent["directory_paths"]))


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
