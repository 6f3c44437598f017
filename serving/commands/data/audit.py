"""`voicesearch data audit`: is the data labelled consistently? Prints a table, writes audit.json and audit.html."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.data.shell import manifest_argument, workers_option

if TYPE_CHECKING:
    from rich.table import Table

    from data_pipeline.audit.audit import Audit
    from data_pipeline.audit.entries import Examination
    from data_pipeline.audit.judge import Verdict


@click.command()
@manifest_argument
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
@click.option("--model", metavar="ID", default="", help="Compare labels with it. [default: the registry's default]")
@click.option("--no-model", is_flag=True, help="Ask no model; every other check runs.")
@click.option("--limit-examples", type=click.IntRange(0, 1000), default=10, show_default=True, help="For each check.")
@click.option("--planted", is_flag=True, help="Judge the audit itself: precision and recall on planted faults.")
@workers_option
def audit(
    manifest: Path, out: Path, model: str, no_model: bool, limit_examples: int, planted: bool, workers: int | None
) -> None:
    """Find labels and recordings that are likely wrong or out of line, and propose how labels should be written.

    Writes audit.json and audit.html into DIR. With --planted, faults of every kind are planted into the good recordings
    of the manifest, and DIR/planted.json tells which were found.

    Example: voicesearch data audit train.jsonl --out audit --limit-examples 20
    """
    from rich.console import Console

    from asr.registry import Task, read_registry
    from data_pipeline.audit.entries import Examination
    from data_pipeline.audit.results import write_results

    asked = None if no_model else model or read_registry().defaults[Task.RECOGNIZER]
    console = Console(width=None if sys.stdout.isatty() else 160)
    if planted:
        verdicts, refused = _judge(manifest, out, Examination(asked), workers)
        console.print(_verdicts(verdicts))
        _explain(verdicts, model=asked)
        click.get_current_context().exit(2 if refused else 0)
    found, refused = _audit(manifest, Examination(asked), workers)
    write_results(found, out, manifest=manifest.name, model=asked, limit=limit_examples)
    console.print(_checks(found))
    if found.proposal:
        chosen, before = found.proposal.chosen, found.proposal.conflicts
        edits = f"{chosen.words_edited} edited words in {chosen.labels_edited} labels"
        resolved = f"{before - chosen.conflicts} of {before} conflicts"
        click.echo(f"proposed convention {chosen.convention.id}: resolves {resolved} with {edits}")
    click.echo(f"{len(found.findings)} findings -> {out / 'audit.html'}", err=True)
    if refused:
        click.get_current_context().exit(2)


def _audit(manifest: Path, examination: "Examination", workers: int | None) -> "tuple[Audit, int]":
    """Measure every recording and run every check; lines that are no rows are told and counted."""
    from data_pipeline.audit.audit import audit as run_checks
    from data_pipeline.audit.entries import Entry, examine
    from serving.commands.data.shell import told
    from serving.commands.manifest_rows import read_rows

    rows, invalid = read_rows(manifest)
    entries: list[Entry] = []
    with told("listening", len(rows)) as (on_done, _):
        for entry in examine(rows, examination, workers=workers):
            entries.append(entry)
            on_done()
    return run_checks(entries), len(invalid)


def _judge(manifest: Path, out: Path, examination: "Examination", workers: int | None) -> "tuple[list[Verdict], int]":
    """The same for the audit itself."""
    from data_pipeline.audit.judge import judge
    from data_pipeline.audit.results import write_verdicts
    from serving.commands.manifest_rows import read_rows

    rows, invalid = read_rows(manifest)
    verdicts = judge(rows, examination, workers=workers)
    write_verdicts(verdicts, out)
    return verdicts, len(invalid)


def _explain(verdicts: "Sequence[Verdict]", *, model: str | None) -> None:
    """What the figures do not say."""
    from data_pipeline.audit.judge import not_judged

    click.echo(f"not judged: {', '.join(not_judged(verdicts))}" + ("" if model else "; no model was asked"))
    click.echo("a finding that was not planted counts as a false alarm, also where the data really has that fault")


def _checks(found: "Audit") -> "Table":
    from rich.table import Table

    table = Table("check", "severity", "findings", "rows", "what a finding means", box=None, pad_edge=False)
    for column in table.columns[2:4]:
        column.justify = "right"
    for one in found.summaries:
        table.add_row(one.check, one.severity or "–", str(one.findings), str(one.rows), one.about)
    return table


def _verdicts(verdicts: "Sequence[Verdict]") -> "Table":
    from rich.table import Table

    from data_pipeline.pages.page import percent

    table = Table("check", "planted", "found", "false alarms", "precision %", "recall %", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in verdicts:
        figures = (str(one.planted), str(one.found), str(one.wrong), percent(one.precision), percent(one.recall))
        table.add_row(one.check, *figures)
    return table
