"""Single keys and editable lines from a person at a terminal."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

_ESCAPE_SECONDS: Final = 0.02
"""Within this time the rest of an arrow key's sequence follows its first byte."""
_INSIDE_SEQUENCE: Final = b"[O0123456789;"
"""Bytes of such a sequence before its last one."""


def ask_key(prompt: str, allowed: str) -> str:
    """Print the prompt and return the first allowed key; Enter is `\\r`, other keys beep.

    Reads no further than that key: what is typed ahead is left for the next. Raises
    KeyboardInterrupt for Ctrl-C, EOFError for Ctrl-D or a closed terminal.
    """
    with _unechoed(sys.stdin.fileno()) as terminal:
        click.echo(prompt, nl=False)
        while True:
            key = _read_key(terminal)
            if key and key in allowed:
                return key
            if key.isprintable():
                click.echo("\a", nl=False)


def ask_line(prompt: str, present: str) -> str:
    """A line that the person makes of the present text. Raises as `ask_key` does."""
    try:
        import readline
    except ImportError:  # Python may be built without it
        return input(prompt)
    readline.set_startup_hook(lambda: readline.insert_text(present))
    try:
        return input(prompt)
    finally:
        readline.set_startup_hook()


@contextmanager
def _unechoed(terminal: int) -> Iterator[int]:
    """While the block runs, keys come one by one and are not shown."""
    mode = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSADRAIN)
        yield terminal
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, mode)


def _read_key(terminal: int) -> str:
    """The next key in lower case; empty for arrows and other keys of several bytes."""
    byte = os.read(terminal, 1)
    if byte in (b"", b"\x04"):
        raise EOFError
    if byte == b"\x1b":
        while select.select([terminal], [], [], _ESCAPE_SECONDS)[0]:
            if os.read(terminal, 1) not in _INSIDE_SEQUENCE:
                break
        return ""
    key = byte.decode("ascii", "ignore").lower()
    return "\r" if key == "\n" else key
