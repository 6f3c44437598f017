"""`voicesearch monitor export`: the events of a store as JSON lines."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

TIME = "TIME"


@click.command()
@click.option("--store", "url", metavar="URL", help="Database of events. [default: store.url]")
@click.option("--since", type=click.DateTime(), metavar=TIME, help="Events from then on, UTC: 2026-11-01.")
@click.option("--until", type=click.DateTime(), metavar=TIME, help="Events before.")
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="A voicesearch.toml.")
def export(url: str | None, since: datetime | None, until: datetime | None, config: Path | None) -> None:
    """Write the events of a store to the standard output by time, as `check` and `replay` read them from a file.

    Users' ids and what they asked stand in it as in the store.

    Example: voicesearch monitor export --store sqlite:///voicesearch.db > events.jsonl
    """
    from monitoring.events import encode
    from monitoring.store import EventStore, Selection
    from serving.settings import read_settings
    from serving.watching import look_for_store

    url = url or read_settings(config).store.url
    look_for_store(url)
    store, out = EventStore.open(url), sys.stdout.buffer
    try:
        for event in store.events(Selection(since=_seconds(since), until=_seconds(until))):
            out.write(encode(event) + b"\n")
        out.flush()
    finally:
        store.close()


def _seconds(moment: datetime | None) -> float | None:
    return moment.replace(tzinfo=UTC).timestamp() if moment else None
