"""The reference of the command line: the `--help` of every verb, and the exit codes."""

from __future__ import annotations

from collections.abc import Iterator

import click

from noond.cli.exits import MEANINGS
from noond.cli.main import cli

_INTRODUCTION = """\
# The command line

Made from `noond --help` by `script/docs`.

- **Which daemon.** All verbs but `demo`, `init`, `serve`, `check-config`, `device` and `login` ask
  the daemon over HTTP: the one of `--data-dir`, else `NOOND_URL` with `NOOND_API_KEY`, else the one
  whose `cli.json` lies in the data directory (`NOOND__SERVER__DATA_DIR`, else
  `~/.local/share/noond`).
- **Names.** Where an agent, a device, a user or a key is asked for, its name does, or its id; a
  user's name in whatever case, a key also by how its secret begins. Where a run is asked for, its
  id does, or its agent's name for the newest. Ids of runs, jobs, tasks, conversations and schedules
  may be shortened to their last 6 to 12 characters.
- **Output.** Results go to stdout, everything else to stderr. On a terminal: tables, local times.
  Into a pipe: one thing a line, tab separated, uncut, no header, no colour, times in UTC. With
  `--json`: one JSON document; a list is `{"items": […]}`. `NO_COLOR` is respected.
- **Errors.** One line on stderr that begins with `noond: ` and says what to do next; a wrong
  configuration has a line for each wrong key. `NOOND_DEBUG=1` adds the traceback of a bug.
- **Secrets** are printed once, by `init`, `devices rotate`, `keys create` and `keys rotate`, and
  never again. Passwords are typed unseen or read from stdin.

## Exit codes

| code | meaning |
|---|---|
"""


def cli_page() -> str:
    """docs/cli.md."""
    lines = [_INTRODUCTION.rstrip()]
    lines += [f"| {int(code)} | {meaning} |" for code, meaning in MEANINGS.items()]
    for context in _contexts(cli, None, "noond"):
        text = context.command.get_help(context)
        lines += ["", f"## {context.command_path}", "", "```text", text.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _contexts(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterator[click.Context]:
    context = click.Context(
        command,
        parent=parent,
        info_name=name,
        terminal_width=80,
        max_content_width=80,
        **command.context_settings,
    )
    yield context
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            yield from _contexts(command.commands[each], context, each)
