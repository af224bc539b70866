"""How a command ends: its exit code, and the one line that says what to do next."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from noond.errors import NoondError


class ExitCode(IntEnum):
    """The exit codes of `noond`; `MEANINGS` explains them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_FOUND = 4
    REFUSED = 5
    CONFLICT = 6
    LATER = 7
    INTERRUPTED = 130


MEANINGS: Final = {
    ExitCode.OK: "Done. A run that ended as `success` or `partial` counts as done.",
    ExitCode.FAILED: "It failed; so did a run that ended as `error`, `cancelled` or `interrupted`, "
    "and an agent that says that it could not do what it was asked.",
    ExitCode.USAGE: "The command line, a field or a setting is not valid.",
    ExitCode.UNREACHABLE: "The daemon could not be reached.",
    ExitCode.NOT_FOUND: "There is no such agent, device, run, job, task, conversation, schedule, "
    "user or key.",
    ExitCode.REFUSED: "The credential is missing, wrong, or does not cover this.",
    ExitCode.CONFLICT: "It contradicts the present state: the agent already has a run, say.",
    ExitCode.LATER: "Not now: too many requests, disk full, database busy. Try again.",
    ExitCode.INTERRUPTED: "Ended by Ctrl-C or a signal.",
}


class CommandFailed(Exception):
    """The command can't go on. The message is shown after `noond: ` and says what to do next."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        self.message = message
        self.exit_code = code
        super().__init__(message)


_CODES: Final = {
    "invalid": ExitCode.USAGE,
    "config": ExitCode.USAGE,
    "not_found": ExitCode.NOT_FOUND,
    "store_missing": ExitCode.NOT_FOUND,
    "unauthenticated": ExitCode.REFUSED,
    "forbidden": ExitCode.REFUSED,
    "code_refused": ExitCode.REFUSED,
    "token_refused": ExitCode.REFUSED,
    "conflict": ExitCode.CONFLICT,
    "data_directory_locked": ExitCode.CONFLICT,
    "replaced": ExitCode.CONFLICT,
    "store_locked": ExitCode.CONFLICT,
    "model_needed": ExitCode.CONFLICT,
    "task_cancelled": ExitCode.CONFLICT,
    "cannot_connect": ExitCode.UNREACHABLE,
    "rate_limited": ExitCode.LATER,
    "budget": ExitCode.LATER,
    "quota_reached": ExitCode.LATER,
    "storage_full": ExitCode.LATER,
    "storage_busy": ExitCode.LATER,
}
"""By the error's stable code; a class without an entry has its parent's."""


def exit_code_of(error: NoondError) -> ExitCode:
    """The exit code for an error that was raised in this process."""
    for kind in type(error).__mro__:
        code = _CODES.get(getattr(kind, "code", ""))
        if code is not None:
            return code
    return ExitCode.FAILED


def exit_code_of_code(code: str) -> ExitCode:
    """The exit code for an error that the daemon told by its stable code."""
    return _CODES.get(code, ExitCode.FAILED)
