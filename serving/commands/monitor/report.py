"""`voicesearch monitor report`: what alarms were worth, by the verdicts of people, and what could be changed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from serving.commands.console import open_console

if TYPE_CHECKING:
    from rich.table import Table

    from monitoring.alarms.proposals import Proposal
    from monitoring.alarms.report import Record, Report


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

RECORD: Final = ("Fired", "Right", "Wrong", "Precision (95 %)")


@click.command()
@click.option("--store", "address", metavar="URL", help="Database of events and alarms. [default: store.url]")
@click.option("--config", type=FILE, help="voicesearch.toml with store.url.")
@click.option("--since", type=click.DateTime(), metavar="TIME", help="Alarms opened then or later, UTC: 2026-11-01.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def report(address: str | None, config: Path | None, since: datetime | None, as_json: bool) -> None:
    """Tell of each signal how often it raised an alarm, how often rightly, and whether it could be dropped.

    Proposes thresholds that would have kept the confirmed alarms and lost the dismissed. Exit code 1: alarms are open.

    Example: voicesearch monitor report --store sqlite:///voicesearch.db --since 2026-11-01
    """
    from monitoring.alarms import report as reports
    from monitoring.alarms.policy import signal_names
    from monitoring.alarms.proposals import propose
    from monitoring.alarms.store import AlarmStore
    from monitoring.signals.voice import VOICE
    from serving.settings import read_settings
    from serving.watching import look_for_store

    address = address or read_settings(config).store.url
    look_for_store(address)
    store = AlarmStore.open(address)
    try:
        alarms = list(store.every(since=since.replace(tzinfo=UTC).timestamp() if since else None))
    finally:
        store.close()
    found = reports.report(alarms, signals=signal_names(VOICE))
    proposals = propose(alarms)
    if as_json:
        click.echo(json.dumps(_document(found, proposals), indent=1))
    else:
        _show(found, proposals)
    click.get_current_context().exit(1 if found.open else 0)


def _document(found: "Report", proposals: "list[Proposal]") -> dict[str, object]:
    return {
        "alarms": _record(found.alarms) | {"open": found.open, "merged": found.merged},
        "signals": [
            {"signal": row.signal, **_record(row.record), "alone": row.alone, "droppable": row.droppable}
            for row in found.signals
        ],
        "policies": [{"policy": name, **_record(record)} for name, record in found.policies],
        "thresholds": [
            {
                "signal": one.signal,
                "detector": one.detector,
                "measure": one.measure,
                "threshold": one.threshold,
                "confirmed": one.confirmed,
                "dismissed": one.dismissed,
                "lost": one.lost,
                "separates": one.separates,
            }
            for one in proposals
        ],
    }


def _record(record: "Record") -> dict[str, object]:
    return {
        "fired": record.fired,
        "confirmed": record.confirmed,
        "dismissed": record.dismissed,
        "precision": record.precision,
        "precision_ci95": record.precision_ci95,
    }


def _show(found: "Report", proposals: "list[Proposal]") -> None:
    console = open_console()
    if not found.alarms.fired:
        console.print("no alarms")
        return
    console.print(_signals(found))
    console.print(_policies(found))
    console.print(f"{found.alarms.fired} alarms, {found.open} of them open; {found.merged} more were part of another")
    silent = [row.signal for row in found.signals if not row.record.fired]
    if silent:
        console.print("never fired: " + ", ".join(silent), soft_wrap=True, markup=False)
    for one in proposals:
        console.print(_sentence(one), soft_wrap=True, markup=False)


def _signals(found: "Report") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("Signal", *RECORD, "Alone", "Could be dropped", box=None)
    for row in found.signals:
        if row.record.fired:
            table.add_row(Text(row.signal), *_cells(row.record), str(row.alone), row.droppable or "")
    return table


def _policies(found: "Report") -> "Table":
    from rich.table import Table

    table = Table("Policy", *RECORD, box=None)
    for name, record in found.policies:
        table.add_row(name, *_cells(record))
    table.add_row("all", *_cells(found.alarms))
    return table


def _cells(record: "Record") -> tuple[str, ...]:
    return str(record.fired), str(record.confirmed), str(record.dismissed), _precision(record)


def _precision(record: "Record") -> str:
    if record.precision is None or record.precision_ci95 is None:
        return "-"
    low, high = record.precision_ci95
    return f"{record.precision:.2f} ({low:.2f} to {high:.2f})"


def _sentence(one: "Proposal") -> str:
    if one.separates:
        end = "keeps all confirmed and loses all dismissed alarms"
    elif one.lost:
        end = f"keeps all confirmed and loses {one.lost} of {one.dismissed} dismissed alarms; none loses all"
    else:
        return f"{one.signal} ({one.detector}): no threshold keeps all confirmed alarms and loses a dismissed one"
    return f"{one.signal} ({one.detector}): {one.measure} = {one.threshold:g} {end}"
