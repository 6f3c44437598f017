"""`voicesearch review`: the queue of recordings that people listen to; one file for each command."""

import click

from serving.commands.lazy_group import lazy_group

COMMANDS = {
    "list": "serving.commands.review.listing:list_items",
    "export": "serving.commands.review.export:export",
    "estimate": "serving.commands.review.estimate:estimate",
}


@click.group(cls=lazy_group(COMMANDS))
def review() -> None:
    """Look at the review queue, take finished reviews out of it, and see what they say of the service."""
