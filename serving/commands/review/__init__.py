"""`voicesearch review`: the queue of recordings that people listen to; `deeds` is what reviewers do."""

import click

from serving.commands.lazy_group import lazy_group

COMMANDS = {
    "list": "serving.commands.review.listing:list_items",
    "claim": "serving.commands.review.deeds:claim",
    "submit": "serving.commands.review.deeds:submit",
    "skip": "serving.commands.review.deeds:skip",
    "unintelligible": "serving.commands.review.deeds:unintelligible",
    "release": "serving.commands.review.deeds:release",
    "export": "serving.commands.review.export:export",
    "estimate": "serving.commands.review.estimate:estimate",
}


@click.group(cls=lazy_group(COMMANDS))
def review() -> None:
    """Look and work at the review queue, take finished reviews out of it, and see what they say of the service."""
