"""The verbs of conversations with chat agents: which there are, what was said, forget it."""

from __future__ import annotations

from typing import Any

import click

from noond.cli.client import Client, segment
from noond.cli.connected import connected, find_conversation_id, json_option
from noond.cli.default_group import DefaultGroup
from noond.cli.flowing_text import FlowingText
from noond.cli.listing import limit_option
from noond.cli.output import (
    Cell,
    local_time,
    note,
    on_terminal,
    print_facts,
    print_json,
    print_line,
    print_rows,
)


@click.group(cls=DefaultGroup, default="list", default_without_arguments=True)
def conversations() -> None:
    """Show what you talked about with chat agents, and forget it.

    `noond conversations` alone lists the newest ones. A CONVERSATION is named by its id or the
    end of it.

    \b
    Example:
      noond conversations
      noond conversations show 4f1c2a9b
    """


@conversations.command("list")
@limit_option
@json_option
@connected
def list_conversations(client: Client, limit: int, as_json: bool) -> None:
    """List your conversations, newest first.

    \b
    Example:
      noond conversations list --json
    """
    found = client.items("/conversations", at_most=limit)
    if as_json:
        print_json({"items": found})
        return
    print_rows(
        ("ID", "AGENT", "MESSAGES", "LAST", "TOKENS", "TITLE"), [_row(each) for each in found]
    )
    if not found:
        note("No conversations yet; begin one with `noond chat`.")


@conversations.command()
@click.argument("conversation")
@limit_option
@json_option
@connected
def show(client: Client, conversation: str, limit: int, as_json: bool) -> None:
    """Show a conversation and the last that was said in it.

    \b
    Example:
      noond conversations show 4f1c2a9b --limit 4
    """
    path = f"/conversations/{segment(find_conversation_id(client, conversation))}"
    found = client.get(path)
    said = client.items(f"{path}/messages", at_most=limit)[::-1]
    if as_json:
        print_json({**found, "messages": said})
        return
    print_facts(_facts(found))
    for message in said:
        _print_message(message)


@conversations.command()
@click.argument("conversation")
@json_option
@connected
def forget(client: Client, conversation: str, as_json: bool) -> None:
    """Delete a conversation with all that was said in it.

    Deletes the tasks that have ended, too.

    \b
    Example:
      noond conversations forget 4f1c2a9b
    """
    found = find_conversation_id(client, conversation)
    client.delete(f"/conversations/{segment(found)}")
    if as_json:
        print_json({"id": found, "forgotten": True})
    else:
        print_line(f"Conversation {found} is forgotten.")


def _row(conversation: dict[str, Any]) -> tuple[Cell, ...]:
    found = conversation["id"]
    return (
        found[-8:] if on_terminal() else found,
        conversation["agent_id"],
        conversation["message_count"],
        local_time(conversation["last_message_at"]),
        conversation["tokens_used"],
        conversation["title"],
    )


def _facts(conversation: dict[str, Any]) -> dict[str, Cell]:
    return {
        "conversation": conversation["id"],
        "agent": conversation["agent_id"],
        "title": conversation["title"],
        "messages": conversation["message_count"],
        "tokens": conversation["tokens_used"],
        "cost": f"{conversation['cost_usd']:.6f} USD, by the prices that are known",
        "begun": local_time(conversation["created_at"]),
        "last": local_time(conversation["last_message_at"]),
        "kept until": local_time(conversation["expires_at"]),
        "summary": conversation["summary"],
    }


def _print_message(message: dict[str, Any]) -> None:
    who = "you" if message["role"] == "user" else message["role"]
    if not on_terminal():
        print_line("message", message["created_at"], who, message["content"])
        return
    click.echo(f"\n{who}, {local_time(message['created_at'])}:")
    screen = FlowingText()
    screen.write(message["content"])
    screen.fresh_line()
