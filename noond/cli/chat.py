"""The verb of a conversation with a chat agent, line by line on a terminal."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from noond.cli.answer import show_answer
from noond.cli.ask import whom
from noond.cli.client import Client, segment
from noond.cli.connected import connected, json_option
from noond.cli.exits import CommandFailed, ExitCode
from noond.cli.output import note, on_terminal
from noond.cli.task_stream import ask


@click.command()
@click.option("--agent", metavar="ID", help="assistant or simple_llm_agent.  [default: assistant]")
@click.option("--conversation", metavar="ID", help="Go on with this conversation.")
@json_option
@connected
def chat(client: Client, agent: str | None, conversation: str | None, as_json: bool) -> None:
    """Talk to the assistant, or another chat agent, line by line.

    The agent knows what was said before. Ctrl-C cancels a question, Ctrl-D ends the
    conversation, which is kept; /forget deletes it. It takes a terminal; `noond ask
    --conversation ID` does without. With --json each answer is one JSON document.

    \b
    Example:
      noond chat
      noond chat --conversation 4f1c2a9b
    """
    if not (on_terminal() and sys.stdin.isatty()):
        raise CommandFailed(
            "`noond chat` takes a terminal; `noond ask` does without.", ExitCode.USAGE
        )
    agent_id, conversation_id = whom(client, agent, conversation)
    talk = _Talk(client, agent_id, conversation_id, as_json=as_json)
    note(f"You talk to {agent_id}. Ctrl-D ends it, /forget deletes what was said.")
    talk.run()


class _Talk:
    """A conversation; it is begun with its first message."""

    def __init__(
        self, client: Client, agent_id: str, conversation_id: str | None, *, as_json: bool
    ) -> None:
        self._client = client
        self._agent_id = agent_id
        self._id = conversation_id
        self._as_json = as_json

    def run(self) -> None:
        """Ask and answer until the person ends it."""
        while True:
            try:
                line = _read_line("> ").strip()
            except EOFError:
                click.echo()
                break
            if line == "/forget":
                self._forget()
                return
            if line:
                self._answer(line)
        if self._id is not None:
            note(f"Go on with it: `noond chat --conversation {self._id[-8:]}`")

    def _answer(self, message: str) -> None:
        if self._id is None:
            begun = self._client.post("/conversations", {"agent_id": self._agent_id})
            self._id = str(begun["id"])
        try:
            stream = ask(self._client, self._agent_id, message, self._id)
            show_answer(stream, live=True, as_json=self._as_json)
        except CommandFailed as failure:
            # One question that came to nothing does not end the conversation.
            if failure.exit_code in (ExitCode.UNREACHABLE, ExitCode.REFUSED, ExitCode.NOT_FOUND):
                raise
            note(f"noond: {failure.message}")

    def _forget(self) -> None:
        if self._id is not None:
            self._client.delete(f"/conversations/{segment(self._id)}")
        note("Nothing of it is kept.")


def _read_line(prompt: str) -> str:
    """A line that can be edited. Raises EOFError for Ctrl-D."""
    with suppress(ImportError):  # Python may be built without it
        import readline  # noqa: F401 - input() takes it once it is there
    return input(prompt)
