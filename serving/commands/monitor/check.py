"""`voicesearch monitor check`: reads options; `serving.checking` checks, `check_view` prints."""

import json
from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
EVENTS = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("events", required=False, type=EVENTS, metavar="[EVENTS.jsonl]")
@click.option("--store", "url", metavar="URL", help="Database of events and alarms. [default: store.url]")
@click.option("--config", type=FILE, help="A voicesearch.toml.")
@click.option("--policies", type=FILE, help="Policies of alarms. [default: monitoring.policies]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(events: Path | None, url: str | None, config: Path | None, policies: Path | None, as_json: bool) -> None:
    """Say what is wrong now, for whom, since when, what it costs, and what was counted aside.

    Over a file (JSON lines, `.gz` too, `-` for the standard input) all its events are judged, and nothing is kept. Over
    the store it goes on from where the server's watch stood, and opens and resolves alarms as that does.
    Exit code 0: no alarm is open, 1: some are, 2: error, such as a file in which no line is an event.

    Example: voicesearch monitor check --store sqlite:///voicesearch.db
    """
    from serving.checking import check_file, check_store
    from serving.commands.monitor import check_view
    from serving.settings import read_settings
    from serving.watching import policies_of

    if events and url:
        raise click.UsageError("either a file or --store")
    settings = read_settings(config)
    monitoring = settings.monitoring.model_copy(update={"policies": policies} if policies else {})
    rules = policies_of(monitoring)
    if events:
        found = check_file(events, monitoring, rules)
    else:
        found = check_store(url or settings.store.url, monitoring, rules)
    if found.watched_elsewhere:
        click.echo("another process watches this store; these are the alarms that it has open", err=True)
    check_view.complain_of_lines(found.aside)
    if as_json:
        click.echo(json.dumps(check_view.document(found, rules), indent=1))
    else:
        check_view.show(found, rules)
    click.get_current_context().exit(1 if found.alarms else 0)
