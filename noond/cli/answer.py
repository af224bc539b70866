"""An answer of a chat agent as a person sees it: while it is written, or once it is whole."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final, Protocol

import click

from noond.cli.event_lines import SentEvent
from noond.cli.exits import CommandFailed, ExitCode, exit_code_of_code
from noond.cli.flowing_text import FlowingText, inert_lines, terminal_width
from noond.cli.output import note, on_terminal, one_line, print_json
from noond.cli.task_stream import TaskStream
from noond.models.invocation import TaskEventName

_ENDS: Final = {
    "timeout": "It ran out of time; the answer is not complete.",
    "steps": "It called too many tools; the answer is not complete.",
}
"""Why an answer falls short, by its `finish_reason`."""

_REMINDER: Final = 24
"""Characters that show where a text goes on."""


class Screen(Protocol):
    """What an answer is written on."""

    def write(self, text: str) -> None:
        """The next piece."""

    def fresh_line(self) -> None:
        """Begin a line, unless one is begun."""


class WrittenAnswer:
    """Keeps what stands on the screen to what counts of the answer.

    What an attempt wrote again word for word is not printed again.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._counts = ""
        self._shown = ""
        self._base = 0
        """What counted when the attempt began; below it nothing is void."""

    def begin(self, content: str) -> None:
        """An attempt begins; so much counts."""
        self._counts = content
        self._base = _common(content, self._shown)
        self._keep_up()

    def add(self, piece: str) -> None:
        """A piece of the answer."""
        self._counts += piece
        self._keep_up()

    def finish(self, whole: str) -> None:
        """The answer is this."""
        self._counts = whole
        self._keep_up()
        if self._shown != whole:
            self._void(whole, "")

    def _keep_up(self) -> None:
        if self._shown.startswith(self._counts):
            return  # as it was written before, as far as it goes
        if not self._counts.startswith(self._shown):
            stands = self._counts[: min(self._base, _common(self._counts, self._shown))]
            self._void(stands, " It goes on there:" if stands else " The answer is:")
        self._screen.write(self._counts[len(self._shown) :])
        self._shown = self._counts

    def _void(self, stands: str, more: str) -> None:
        """Take back what follows on what stands, in words: what is printed is printed."""
        self._shown = stands
        self._screen.fresh_line()
        end = one_line(stands[-_REMINDER:])
        place = f"after “…{end}”" if end else "so far"
        note(f"What was written {place} does not count.{more}")


class AnswerView:
    """Shows the events of a task: tool calls on stderr, the answer on stdout."""

    def __init__(self, *, live: bool) -> None:
        """`live`: piece by piece; else the whole answer at its end."""
        self._screen = FlowingText() if on_terminal() else None
        self._written = WrittenAnswer(self._screen) if live and self._screen else None
        self._error: str | None = None

    def see(self, event: SentEvent) -> None:
        """The next event."""
        data = event.data
        match event.name:
            case TaskEventName.RUN_STARTED:
                if self._error is not None:
                    self.aside(f"It is tried again: {self._error}")
                    self._error = None
                if self._written is not None:
                    self._written.begin(data["content"])
            case TaskEventName.MESSAGE_DELTA if self._written is not None:
                self._written.add(data["delta"])
            case TaskEventName.TOOL_CALL:
                self.aside(f"{data['name']} {_arguments(data['arguments'])}")
            case TaskEventName.ERROR:
                self._error = data["message"]
            case TaskEventName.RUN_FINISHED:
                self._finish(data)

    def aside(self, text: str) -> None:
        """Say what is done meanwhile, when somebody watches."""
        if not sys.stderr.isatty():
            return
        self.end_line()
        line = f"· {one_line(text)}"
        if len(line) > terminal_width():
            line = line[: terminal_width() - 1] + "…"
        click.echo(line if "NO_COLOR" in os.environ else click.style(line, dim=True), err=True)

    def end_line(self) -> None:
        """Let what comes next begin a line."""
        if self._screen is not None:
            self._screen.fresh_line()

    def _finish(self, last: dict[str, Any]) -> None:
        response = last["response"]
        if response and self._written is not None:
            self._written.finish(response)
        elif response and last["metadata"] is not None:
            if self._screen is not None:
                self._screen.write(response)
            else:
                click.echo(inert_lines(response))
        self.end_line()
        if last["metadata"] is not None:
            note(told_cost(last["metadata"]))


def show_answer(stream: TaskStream, *, live: bool, as_json: bool) -> None:
    """Show the answer as it comes. Ctrl-C cancels the task.

    Raises CommandFailed when there is none, and when the agent says that it could not do it.
    """
    view = AnswerView(live=live and not as_json)
    last: dict[str, Any] = {}
    stream.on_cut = lambda: view.aside("The connection broke; it is made again.")
    try:
        for event in stream:
            if not as_json:
                view.see(event)
            last = event.data
    except KeyboardInterrupt:
        view.end_line()
        stream.cancel()
        raise CommandFailed("The task is cancelled.", ExitCode.INTERRUPTED) from None
    metadata = last["metadata"]
    if as_json and metadata is not None:
        answer = {"response": last["response"]}
        print_json({**answer, "metadata": {"task_id": last["task_id"], **metadata}})
    raise_unless_done(last)


def raise_unless_done(last: dict[str, Any]) -> None:
    """Raise CommandFailed unless the `run_finished` tells of an answer that is one."""
    metadata, error = last["metadata"], last["error"]
    if last["state"] == "REVOKED":
        raise CommandFailed("The task was cancelled.", exit_code_of_code("task_cancelled"))
    if error is not None:
        text = str(error["message"])
        text = text if text.endswith((".", "!", "?")) else f"{text}."
        raise CommandFailed(f"{text[:1].upper()}{text[1:]}", exit_code_of_code(error["code"]))
    if metadata is not None and not metadata["success"]:
        raise CommandFailed(
            _ENDS.get(metadata["finish_reason"], "The agent says that it could not do that.")
        )


def told_cost(metadata: dict[str, Any]) -> str:
    """Who answered, and what it cost."""
    if metadata["model"] is None:
        return "by rules, without a model"
    cost = metadata["cost"]
    price = "price unknown" if cost is None else f"{cost:.6f} USD"
    return f"{metadata['model']}, {metadata['tokens_used']} tokens, {price}"


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _arguments(arguments: dict[str, Any] | None) -> str:
    return "" if not arguments else json.dumps(arguments, ensure_ascii=False)
