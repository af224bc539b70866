"""How estimates, a dry run's proposals and the difference between two runs are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from noond.cli.output import Cell, on_terminal, print_line, print_text
from noond.cli.record_text import FLAGS, AgentView, shown
from noond.cli.run_report import headline, print_source, record_cells

_ORDER: Final = ("new", "known", "rejected")


def estimate_facts(estimate: Mapping[str, Any] | None) -> dict[str, Cell]:
    """What a run would have to read and cost; no facts without an estimate."""
    if estimate is None:
        return {}
    tokens = (estimate["prompt_tokens"], estimate["completion_tokens"])
    return {
        "files": f"{estimate['files_new']} new, {estimate['files_changed']} changed, "
        f"{estimate['files_unchanged']} unchanged",
        "to_read": _size(estimate["bytes_to_read"]),
        "tokens": f"about {tokens[0]:,} in, {tokens[1]:,} out" if any(tokens) else "none",
        "cost": _cost(estimate["cost_usd"]),
    }


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _cost(dollars: float | None) -> str:
    if dollars is None:
        return "unknown price: the model is not in [llm.prices] of the settings"
    return f"about {dollars:.4f} USD" if dollars else "none"


def count_proposals(proposals: Sequence[dict[str, Any]]) -> str:
    """How many proposals there are, and how many of them are new."""
    counts = Counter(each["novelty"] for each in proposals)
    rejected = f", {counts['rejected']} rejected before" if counts["rejected"] else ""
    return f"{counts['new']} new, {counts['known']} known{rejected}"


def print_proposals(proposals: Sequence[dict[str, Any]], *, view: AgentView) -> None:
    """Print what a dry run would suggest, what is new first; one line each into a pipe."""
    for each in sorted(proposals, key=lambda proposal: _ORDER.index(proposal["novelty"])):
        if not on_terminal():
            print_line("proposal", each["novelty"], *record_cells(each, view))
            continue
        click.echo()
        print_text(f"[{each['novelty']}] {headline(each, view)}")
        print_source(each, view)


def print_diff(diff: Mapping[str, Any], *, view: AgentView) -> None:
    """Print what the later run adds, changes field by field, and drops."""
    for each in diff["added"]:
        _print_change("added", "+", each, {}, view)
    for change in diff["changed"]:
        fields = _changed_fields(change["before"]["data"], change["after"]["data"], view)
        _print_change("changed", "~", change["after"], fields, view)
    for each in diff["dropped"]:
        _print_change("dropped", "-", each, {}, view)


def _print_change(
    word: str,
    sign: str,
    record: dict[str, Any],
    fields: Mapping[str, str],
    view: AgentView,
) -> None:
    if not on_terminal():
        cells = [f"{name}: {change}" for name, change in fields.items()]
        print_line(word, *record_cells(record, view), *cells)
        return
    click.echo()
    print_text(f"{sign} {headline(record, view)}")
    for name, change in fields.items():
        print_text(f"    {name}: {change}")
    print_source(record, view)


def _changed_fields(
    before: Mapping[str, Any], after: Mapping[str, Any], view: AgentView
) -> dict[str, str]:
    changes = {}
    for name in dict.fromkeys((*after, *before)):
        old, new = before.get(name), after.get(name)
        if old != new and name not in FLAGS:
            changes[name] = f"{_value(name, old, view)} → {_value(name, new, view)}"
    return changes


def _value(name: str, value: Any, view: AgentView) -> str:
    return shown(name, value, view.zone) or "(none)"
