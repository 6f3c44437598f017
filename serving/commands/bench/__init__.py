"""`voicesearch bench`: measures speed; one file for each command."""

import click

from serving.commands.lazy_group import lazy_group

COMMANDS = {
    "engine": "serving.commands.bench.engine:engine",
    "frontend": "serving.commands.bench.frontend:frontend",
    "monitor": "serving.commands.bench.monitor:monitor",
    "query": "serving.commands.bench.query:query",
    "rollout": "serving.commands.bench.rollout:rollout",
    "serve": "serving.commands.bench.serve:serve",
}


@click.group(cls=lazy_group(COMMANDS))
def bench() -> None:
    """Measure speed: the bare engine, the front end, the monitor, a rollout, or a whole server under load.

    Example: voicesearch bench serve --rate 5,10,20 --seconds 20 --json serve.json --plot serve.png
    """
