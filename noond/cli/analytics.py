"""The verb that tells what one's requests did."""

from __future__ import annotations

from typing import Any

import click

from noond.cli.client import Client
from noond.cli.connected import connected, json_option
from noond.cli.output import note, on_terminal, print_json, print_rows

_NAMED = 3


@click.command()
@click.option(
    "--since", metavar="TIME", help="At or after: 2026-11-20T08:00:00Z.  [default: 30 days]"
)
@click.option("--until", metavar="TIME", help="Before: 2026-11-21T08:00:00Z.  [default: now]")
@json_option
@connected
def analytics(client: Client, since: str | None, until: str | None, as_json: bool) -> None:
    """Show what your requests to agents did, by action and by intent.

    How many, how long they took on average, how many succeeded, and what they named most often.

    \b
    Example:
      noond analytics
      noond analytics --since 2026-11-01T00:00:00Z --json
    """
    told = client.get("/analytics", since=since, until=until)
    if as_json:
        print_json(told)
        return
    print_rows(
        ("ACTION", "REQUESTS", "ON AVERAGE", "SUCCEEDED", "NAMED"),
        [
            (
                each["action"],
                each["count"],
                f"{each['average_ms']:.0f} ms",
                f"{100 * each['success_rate']:.0f} %",
                _named(each),
            )
            for each in told["actions"]
        ],
    )
    if told["intents"] and on_terminal():
        click.echo()
    print_rows(
        ("INTENT", "REQUESTS", "NAMED"),
        [(each["intent"], each["count"], _named(each)) for each in told["intents"]],
    )
    if not told["actions"]:
        note("No requests; the setting log.requests says which are kept.")


def _named(figures: dict[str, Any]) -> str:
    most = figures["entities"][:_NAMED]
    return ", ".join(f"{each['value']} ({each['count']})" for each in most)
