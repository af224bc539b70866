"""The verb that asks a chat agent one thing."""

from __future__ import annotations

import sys

import click

from noond.cli.answer import show_answer
from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_conversation_id, json_option
from noond.cli.task_stream import ask as ask_agent

_ASSISTANT = "assistant"


@click.command()
@click.argument("text", metavar="[TEXT]", nargs=-1)
@click.option("--agent", metavar="ID", help="assistant or simple_llm_agent.  [default: assistant]")
@click.option("--conversation", metavar="ID", help="Go on with this conversation.")
@click.option("--no-stream", is_flag=True, help="Print the answer once it is whole.")
@json_option
@connected
def ask(
    client: Client,
    text: tuple[str, ...],
    agent: str | None,
    conversation: str | None,
    no_stream: bool,
    as_json: bool,
) -> None:
    """Ask the assistant, or another chat agent.

    Without TEXT the question is read from stdin. On a terminal the answer is printed as it is
    written, else once it is whole: into a pipe goes the answer alone. What it cost is told on
    stderr. Ctrl-C cancels the question. The exit code is 1 when the agent says that it could not
    do it.

    \b
    Example:
      noond ask "What did the last run bring?"
      noond ask --json < question.txt
    """
    message = " ".join(text) if text else _from_stdin()
    if not message.strip():
        raise click.UsageError("There is no question.", click.get_current_context())
    agent_id, conversation_id = whom(client, agent, conversation)
    stream = ask_agent(client, agent_id, message, conversation_id)
    show_answer(stream, live=not no_stream, as_json=as_json)


def _from_stdin() -> str:
    if sys.stdin.isatty():
        raise click.UsageError("Say what to ask.", click.get_current_context())
    return sys.stdin.read()


def whom(client: Client, agent: str | None, conversation: str | None) -> tuple[str, str | None]:
    """The agent to ask, by default that of the conversation, and the conversation's id."""
    if conversation is None:
        return agent or _ASSISTANT, None
    conversation_id = find_conversation_id(client, conversation)
    if agent is None:
        agent = client.get(f"/conversations/{segment(conversation_id)}")["agent_id"]
    return str(agent), conversation_id
