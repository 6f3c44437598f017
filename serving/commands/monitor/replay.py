"""`voicesearch monitor replay`: reads options and shows how it goes on; `serving.replaying` replays."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from monitoring.alarms.policy import Policies
    from serving.replaying import Replay, Replayed, Told

EVENTS = click.Path(dir_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
TIME = "TIME"


@click.command()
@click.argument("events", required=False, type=EVENTS, metavar="[EVENTS.jsonl]")
@click.option("--store", "url", metavar="URL", help="Database of events. [default: store.url]")
@click.option("--every", "every_s", type=click.FloatRange(1), metavar="SECONDS", help="Between checks. [default: 300]")
@click.option("--since", type=click.DateTime(), metavar=TIME, help="Events from then on, UTC: 2026-11-01.")
@click.option("--until", type=click.DateTime(), metavar=TIME, help="Events before.")
@click.option("--config", type=FILE, help="A voicesearch.toml.")
@click.option("--policies", type=FILE, help="Policies of alarms. [default: monitoring.policies]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the JSON there.")
def replay(
    events: Path | None,
    url: str | None,
    every_s: float | None,
    since: datetime | None,
    until: datetime | None,
    config: Path | None,
    policies: Path | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """Run the monitor over history, in event time, and tell each alarm when it opened, spread and ended.

    Nothing is kept and nobody is told. Exit code 0: no alarm was raised, 1: some were, 2: error, such as a file
    in which no line is an event.

    Example: voicesearch monitor replay events.jsonl --every 600 --out alarms.json
    """
    from serving.commands.data.shell import interruptible
    from serving.commands.monitor.check_view import complain_of_lines
    from serving.replay_feed import History, feeding
    from serving.replaying import EVERY_S, Replay
    from serving.settings import read_settings
    from serving.watching import look_for_store, monitor_of, policies_of

    if events and url:
        raise click.UsageError("either a file or --store")
    settings = read_settings(config)
    monitoring = settings.monitoring.model_copy(update={"policies": policies} if policies else {})
    url = None if events else url or settings.store.url
    if url:
        look_for_store(url)
    rules = policies_of(monitoring)
    history = History(path=events, url=url, since=_seconds(since), until=_seconds(until))
    run = Replay(monitor_of(monitoring, rules), rules, every_s=every_s or EVERY_S)
    told: list[Told] = []
    with interruptible(), feeding(history, monitoring) as feed, _progress(run) as on_batch:
        for one in run.run(feed, on_batch):
            told.append(one)
            if not as_json:
                click.echo(_line(one))
    done = run.finish()
    if events and done.aside.lines:
        done.aside.lines.require_events(events)
    complain_of_lines(done.aside)
    document = _document(told, done, rules)
    if out:
        out.write_text(json.dumps(document, indent=1) + "\n")
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        _show(told, done)
    click.get_current_context().exit(1 if told else 0)


def _seconds(moment: datetime | None) -> float | None:
    return moment.replace(tzinfo=UTC).timestamp() if moment else None


def _line(told: "Told") -> str:
    from monitoring.alarms.payloads import rfc3339
    from serving.commands.printable import printable

    alarm, entry = told.alarm, told.entry
    note = f" ({entry.note})" if entry.note else ""
    at = f"{rfc3339(entry.at)} after {told.requests} requests"
    return printable(f"{at}: {entry.action} {alarm.severity} {alarm.policy}: {alarm.summary}{note}")


def _show(told: "list[Told]", done: "Replayed") -> None:
    from serving.commands.monitor.check_view import told_aside
    from serving.commands.printable import printable

    fired = sum(one.entry.action == "fired" for one in told)
    click.echo(f"{fired} alarms, {len(done.alarms)} of them open at the end; {done.checks} checks")
    speed = f"{done.events_per_s:.0f} events/s, {done.checks_s:.1f} s of it for checks, {done.peak_mb:.0f} MB at most"
    click.echo(f"{done.events} events of {done.requests} requests in {done.seconds:.1f} s: {speed}")
    for line in told_aside(done.aside):
        click.echo(printable(line))


def _document(told: "list[Told]", done: "Replayed", policies: "Policies") -> dict[str, object]:
    from monitoring.alarms.payloads import alarm_json
    from serving.commands.monitor.check_view import aside_document, plain

    changes = [
        {
            "at": one.entry.at,
            "change": one.entry.action,
            "note": one.entry.note,
            "requests": one.requests,
            "alarm": alarm_json(one.alarm, runbook_link=policies.runbook_link(one.alarm.policy)),
        }
        for one in told
    ]
    names = ("events", "requests", "checks", "seconds", "checks_s", "events_per_s", "peak_mb")
    summary = {name: getattr(done, name) for name in names}
    whole = {"changes": changes, "open": [alarm.alarm_id for alarm in done.alarms], "summary": summary}
    return plain(whole | {"aside": aside_document(done.aside)})


@contextmanager
def _progress(run: "Replay") -> Iterator[Callable[[int], None]]:
    """Events, their rate and their time, on standard error."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    from monitoring.alarms.payloads import rfc3339

    columns = (TextColumn("{task.completed} events {task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, refresh_per_second=2, disable=not console.is_terminal) as progress:
        task, began = progress.add_task("", total=None), time.perf_counter()

        def on_batch(events: int) -> None:
            rate = run.events / max(time.perf_counter() - began, 1e-9)
            progress.update(task, advance=events, description=f"({rate:.0f}/s) until {rfc3339(run.at)}")

        yield on_batch
