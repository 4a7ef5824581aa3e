"""A click group whose commands are imported only when they are run, so that `--help` and `check` start fast."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyCommand:
    """Where a command is (`module:attribute`) and the line that the map of commands shows for it."""

    __slots__ = ("place", "summary")

    def __init__(self, place: str, summary: str) -> None:
        self.place = place
        self.summary = summary


class LazyGroup(click.Group):
    """A group over a table of lazy commands."""

    def __init__(self, *args: Any, lazy: Mapping[str, LazyCommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command."""
        lazy = self._lazy.get(cmd_name)
        if lazy is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = lazy.place.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the map of commands from the table, importing none, and of those that are here already."""
        rows = [(name, lazy.summary) for name, lazy in self._lazy.items()]
        rows += [(name, command.get_short_help_str(60)) for name, command in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
