"""The verb that tells what models cost, and what is left of the limits."""

from __future__ import annotations

from typing import Any

import click

from noond.cli.client import Client
from noond.cli.connected import connected, json_option
from noond.cli.listing import span_options
from noond.cli.output import Cell, local_time, note, on_terminal, print_json, print_rows
from noond.models.usage import UsageGroup


@click.command()
@click.option(
    "--by",
    "group",
    type=click.Choice([group.value for group in UsageGroup]),
    default=UsageGroup.DAY.value,
    show_default=True,
    help="Add the calls up by this.",
)
@span_options(defaults=("30 days", "now"))
@json_option
@connected
def usage(client: Client, group: str, since: str | None, until: str | None, as_json: bool) -> None:
    """Show what calls to models cost, and what is left of today's limits.

    Calls, failed ones, tokens asked and answered, US dollars, and the latency that 95 % of the
    calls kept to; then the total. A `+` behind the dollars says that some calls have no price.

    \b
    Example:
      noond usage
      noond usage --by agent --since 2026-11-01T00:00:00Z
    """
    told = client.get("/usage", group=group, since=since, until=until)
    limits = client.get("/usage/limits")["items"]
    if as_json:
        print_json({**told, "limits": limits})
        return
    rows = [_row(_label(each), each) for each in told["items"]]
    print_rows(
        (group.upper(), "CALLS", "FAILED", "ASKED", "ANSWERED", "USD", "95 % WITHIN"),
        [*rows, _row("total", told["total"])],
    )
    if told["more"]:
        note("There are more; say --since and --until.")
    if on_terminal():
        click.echo()
    print_rows(
        ("LIMIT", "OF", "USED", "LEFT", "RENEWS"),
        [_limit(each) for each in limits if each["limit_usd"] is not None],
    )
    if all(each["limit_usd"] is None for each in limits):
        note("Nothing limits what models may cost; llm.usd_per_day does.")


def _label(group: dict[str, Any]) -> str:
    name, key = group["name"], str(group["key"])
    if name is None:
        return key
    return f"{name} ({_shown(key)})" if on_terminal() else f"{name} {key}"


def _shown(thing_id: str | None) -> str | None:
    """The end of an id, on a terminal; uncut into a pipe."""
    return thing_id[-8:] if thing_id and on_terminal() else thing_id


def _row(label: str, figures: dict[str, Any]) -> tuple[Cell, ...]:
    dollars = f"{figures['cost_usd']:.4f}" + ("+" if figures["unpriced_calls"] else "")
    took = figures["p95_ms"]
    return (
        label,
        figures["calls"],
        figures["failed"],
        figures["prompt_tokens"],
        figures["completion_tokens"],
        dollars,
        None if took is None else f"{took / 1000:.1f} s",
    )


def _limit(budget: dict[str, Any]) -> tuple[Cell, ...]:
    used, limit = budget["used_usd"], budget["limit_usd"]
    return (
        budget["setting"],
        _shown(budget["agent_id"] or budget["run_id"]),
        None if used is None else f"{used:.4f}",
        None if used is None else f"{max(0.0, limit - used):.4f} of {limit:.4f}",
        local_time(budget["reset_at"]),
    )
