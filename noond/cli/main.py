"""The root of the command line: the verbs, and the one border where errors become exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from noond import __version__
from noond.cli.agents import agent, agents
from noond.cli.analytics import analytics
from noond.cli.ask import ask
from noond.cli.audit import audit
from noond.cli.chat import chat
from noond.cli.conversations import conversations
from noond.cli.daemon import check_config, init, serve
from noond.cli.demo import demo
from noond.cli.device import device
from noond.cli.devices import devices, pair
from noond.cli.exits import CommandFailed, ExitCode, exit_code_of
from noond.cli.findings import findings
from noond.cli.jobs import jobs
from noond.cli.keys import keys
from noond.cli.login import login
from noond.cli.run_history import runs
from noond.cli.runs import run
from noond.cli.schedules import schedules
from noond.cli.tasks import tasks
from noond.cli.usage import usage
from noond.cli.users import users
from noond.cli.whoami import whoami
from noond.errors import NoondError


class _Verbs(click.Group):
    """Lists the verbs in the order a newcomer meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(self.commands)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="noond", message="%(prog)s %(version)s")
def cli() -> None:
    """Turns folders on your devices into reviewed records.

    \b
    Begin with:
      noond init              make the data directory
      noond serve             run the daemon
      noond pair              let a device in
      noond agent add local   say which folder to read, and for what
      noond run NAME --wait   read it now
      noond ask "…"           ask the assistant about it

    Verbs that ask the daemon find it by NOOND_URL and NOOND_API_KEY, else by cli.json in the
    data directory.
    """


for _verb in (
    demo, init, serve, check_config, pair, devices, device, agents, agent, run, runs, ask, chat,
    tasks, conversations, schedules, usage, analytics, users, keys, login, whoami, audit, jobs,
    findings,
):  # fmt: skip
    cli.add_command(_verb)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # A file name or a quote that the terminal's encoding lacks must not end the command.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    code = run_command(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered has no reader; the interpreter would complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.FAILED
    sys.exit(code)


def run_command(arguments: Sequence[str] | None) -> int:
    """The exit code of a command line; what went wrong is one line on stderr."""
    try:
        outcome = cli.main(args=arguments, prog_name="noond", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ExitCode.USAGE
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "noond"
        return _fail(f"{error.format_message()} See `{where} --help`.", ExitCode.USAGE)
    except click.ClickException as error:
        return _fail(error.format_message(), ExitCode.FAILED)
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except CommandFailed as error:
        return _fail(error.message, error.exit_code)
    except NoondError as error:
        return _fail(error.message, exit_code_of(error))
    except Exception as error:  # noqa: BLE001 - the last border: a user gets no traceback
        return _bug(error)
    return outcome if isinstance(outcome, int) else ExitCode.OK


def _fail(message: str, code: ExitCode) -> ExitCode:
    from noond.inert import inert

    lines = [inert(line) for line in message.splitlines() if line.strip()]
    click.echo("\n".join(f"noond: {line}" for line in lines), err=True)
    return code


def _bug(error: Exception) -> ExitCode:
    if os.environ.get("NOOND_DEBUG"):
        traceback.print_exception(error)
    return _fail(
        f"this is a bug in noond: {type(error).__name__}: {' '.join(str(error).split())} "
        "(NOOND_DEBUG=1 shows where; please report it)",
        ExitCode.FAILED,
    )
