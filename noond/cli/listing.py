"""The options that lists share: from when to when, and how many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import click

Option: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

limit_option: Final[Option] = click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Show so many.",
)


def span_options(
    since: str = "At or after", until: str = "Before", *, defaults: tuple[str, str] | None = None
) -> Option:
    """`--since` and `--until`, as the API takes them; `defaults` say what counts without them."""
    default_since, default_until = (
        ("", "") if defaults is None else (f"  [default: {each}]" for each in defaults)
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        later = click.option(
            "--until", metavar="TIME", help=f"{until}: 2026-11-21T08:00:00Z.{default_until}"
        )
        earlier = click.option(
            "--since", metavar="TIME", help=f"{since}: 2026-11-20T08:00:00Z.{default_since}"
        )
        return earlier(later(command))

    return add
