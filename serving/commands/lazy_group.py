"""A group of commands that are imported only when called, so that `--help` and the light ones load nothing heavy."""

import importlib
from collections.abc import Mapping

import click


class LazyGroup(click.Group):
    """Commands by name, each as `module:attribute`."""

    places: Mapping[str, str] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which help shows them."""
        return list(self.places)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if name not in self.places:
            return None
        module, attribute = self.places[name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


def lazy_group(places: Mapping[str, str]) -> type[LazyGroup]:
    """A kind of group with these commands."""
    return type("Commands", (LazyGroup,), {"places": places})
