"""`voicesearch monitor`: judges events, those of the store or of a file; one file for each command."""

import click

from serving.commands.lazy_group import lazy_group

COMMANDS = {
    "check": "serving.commands.monitor.check:check",
    "replay": "serving.commands.monitor.replay:replay",
    "backtest": "serving.commands.monitor.backtest:backtest",
    "export": "serving.commands.monitor.export:export",
    "report": "serving.commands.monitor.report:report",
}


@click.group(cls=lazy_group(COMMANDS))
def monitor() -> None:
    """Watch a service by its events: findings and alarms. Exit code 0: none, 1: alarms, 2: error."""
