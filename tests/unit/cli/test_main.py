from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import pytest

from noond.cli import main
from noond.cli.exits import ExitCode, exit_code_of
from noond.errors import (
    Conflict,
    DataDirectoryLocked,
    FieldError,
    Invalid,
    NoondError,
    RunInProgress,
    StorageFull,
)

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Noond


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from commands(each, (*path, name))


COMMANDS = dict(commands(main.cli, ("noond",)))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_verb_explains_itself_with_an_example(path: str, noond: Noond) -> None:
    outcome = noond(*path.split()[1:], "--help")
    assert outcome.code == ExitCode.OK
    assert path == "noond" or "Example:" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert f"    {path}" in outcome.out


@pytest.mark.parametrize(
    "path", [path for path, each in COMMANDS.items() if not isinstance(each, click.Group)]
)
def test_every_verb_speaks_json(path: str) -> None:
    assert "as_json" in {parameter.name for parameter in COMMANDS[path].params}


def test_help_loads_nothing_heavy() -> None:
    code = "import sys\nfrom noond.cli.main import run_command\nrun_command(['--help'])\n"
    heavy = (
        "{'aiohttp', 'pydantic', 'rich', 'structlog', 'asyncio', 'sqlite3'} & sys.modules.keys()"
    )
    found = subprocess.run(
        [sys.executable, "-c", f"{code}print(sorted({heavy}))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wat"], "noond: No such command 'wat'. See `noond --help`."),
        (["agent", "show"], "noond: Missing argument 'NAME'. See `noond agent show --help`."),
        (["runs", "--limit", "0"], "noond: Invalid value for '--limit'"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], said: str, noond: Noond) -> None:
    outcome = noond(*arguments)
    assert outcome.code == ExitCode.USAGE
    assert outcome.err.startswith(said)
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""


class _Unheard(NoondError):
    """A class without an entry."""

    code = "unheard"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Invalid.field("port", "is odd"), ExitCode.USAGE),
        (Conflict(), ExitCode.CONFLICT),
        (RunInProgress("r"), ExitCode.CONFLICT),
        (DataDirectoryLocked(), ExitCode.CONFLICT),
        (StorageFull(), ExitCode.LATER),
        (_Unheard(), ExitCode.FAILED),
    ],
)
def test_an_error_has_the_exit_code_of_its_kind(error: NoondError, code: ExitCode) -> None:
    assert exit_code_of(error) == code


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Exception]]:
    """A verb `fail` that raises what is put into the list."""
    raises: list[Exception] = []

    def fail() -> None:
        raise raises[0]

    main.cli.add_command(click.Command("fail", callback=fail))
    yield raises
    del main.cli.commands["fail"]


def test_errors_are_inert_and_a_line_each(failing: list[Exception], noond: Noond) -> None:
    wrong = [FieldError(field="a", message="x\x1b[2J")]
    failing.append(Invalid("first\nsecond\r\x1b[2J", fields=wrong))
    outcome = noond("fail")
    assert outcome.code == ExitCode.USAGE
    assert outcome.err == "noond: first\nnoond: second\nnoond: \\x1b[2J\n"


def test_a_bug_shows_no_traceback(
    failing: list[Exception], noond: Noond, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing.append(KeyError("colour"))
    outcome = noond("fail")
    assert (outcome.code, outcome.err.count("\n")) == (ExitCode.FAILED, 1)
    assert "KeyError" in outcome.err
    monkeypatch.setenv("NOOND_DEBUG", "1")
    assert "Traceback" in noond("fail").err


@pytest.mark.parametrize("lines", [50, 99999])
def test_a_reader_that_goes_away_gets_no_complaint(lines: int) -> None:
    code = (
        "import click\nfrom noond.cli import main\n"
        f"flood = lambda: [print('x' * 99) for _ in range({lines})]\n"
        "main.cli.add_command(click.Command('flood', callback=flood))\nmain.main(['flood'])\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        complaint = program.stderr.read()
    assert (program.returncode, complaint) == (ExitCode.FAILED, "")
