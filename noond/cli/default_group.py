"""Groups of which one command need not be named: `noond run NAME` is `noond run start NAME`."""

from __future__ import annotations

from typing import Any

import click


class DefaultGroup(click.Group):
    """Takes a first word that is no command of the group as an argument of the default command."""

    def __init__(
        self, *args: Any, default: str, default_without_arguments: bool = False, **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self._default = default
        self._without_arguments = default_without_arguments

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command before the arguments when they name no other."""
        if args:
            named = args[0] in self.commands or args[0] in ctx.help_option_names
        else:
            named = not self._without_arguments
        return super().parse_args(ctx, args if named else [self._default, *args])
