"""Passwords from a person at a terminal, unseen, or from stdin; never from the command line."""

from __future__ import annotations

import sys
from typing import Final

import click

stdin_option: Final = click.option(
    "--password-stdin", "from_stdin", is_flag=True, help="Read the password from stdin, one line."
)


def new_password(owner: str, *, from_stdin: bool) -> str:
    """A password for the user of this name: typed twice, or a line of stdin.

    Raises UsageError when there is neither a terminal nor a line.
    """
    if from_stdin:
        return _read_password()
    _require_terminal()
    from noond.accounts.passwords import SHORTEST

    answer: str = click.prompt(
        f"New password for {owner} (at least {SHORTEST} characters)",
        hide_input=True,
        confirmation_prompt="Once more",
        err=True,
    )
    return answer


def present_password(prompt: str, *, from_stdin: bool) -> str:
    """The password that somebody has: typed once, or a line of stdin. Raises as new_password."""
    if from_stdin:
        return _read_password()
    _require_terminal()
    answer: str = click.prompt(prompt, hide_input=True, err=True)
    return answer


def _read_password() -> str:
    """The next line of stdin without its end; raises UsageError when it is empty or not UTF-8."""
    try:
        password = sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise _usage("What came from stdin is not UTF-8.") from None
    if not password:
        raise _usage("No password came from stdin; it expects one a line.")
    return password


def on_keyboard() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def _require_terminal() -> None:
    if not on_keyboard():
        raise _usage("There is no terminal to ask for the password; use --password-stdin.")


def _usage(message: str) -> click.UsageError:
    return click.UsageError(message, click.get_current_context())
