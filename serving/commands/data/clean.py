"""`voicesearch data clean`: texts in one convention, and what its rules did."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.data.shell import manifest_argument, out_option, replace_option
from serving.commands.printable import printable

if TYPE_CHECKING:
    from rich.table import Table

    from data_pipeline.clean import CleanReport

SHOWN_EMPTIED = 20
SHOWN_VALUES = 20
SHOWN_RULES = 3


@click.command()
@manifest_argument
@out_option
@click.option("--convention", "name", default="search", show_default=True, help="How texts are written from now on.")
@replace_option
def clean(manifest: Path, out: Path, name: str, replace: bool) -> None:
    """Write all texts in one convention; each row keeps its first text as `raw_text`.

    Writes clean.json into DIR, beside the data set: every rule that had an effect, how often, with examples, and the
    same for each labeler and source.

    Example: voicesearch data clean labels.jsonl --out cleaned --convention search
    """
    from rich.console import Console

    from asr import convention
    from data_pipeline.clean import Cleaning, clean_report
    from data_pipeline.files import write_json
    from data_pipeline.manifest import read_manifest
    from serving.commands.data.shell import conclude, interruptible, run_table_step

    wanted = convention.get(name)
    made = run_table_step(Cleaning(convention=wanted.id), manifest, out, replace=replace)
    with interruptible(lambda: f"{out} keeps the data set: the same command goes on with the report"):
        report = clean_report(read_manifest(made.manifest), wanted)
    write_json(report.as_json(), out / "clean.json")
    console = Console()
    console.print(_rules(report), *(_slices(report, field) for field in report.slices))
    _tell_emptied(report)
    conclude(made)


def _rules(report: "CleanReport") -> "Table":
    from rich.table import Table

    counts = report.counts
    table = Table("Rule", "Rows", "%", "Before", "After", title=f"{report.convention}: {counts.changed} texts changed")
    for one in counts.rules:
        example = one.examples[0]
        share = f"{100 * one.rows / counts.rows:.1f}"
        table.add_row(one.rule, str(one.rows), share, *map(_literal, (example.before, example.after)))
    return table


def _slices(report: "CleanReport", field: str) -> "Table":
    from rich.table import Table

    table = Table(field.capitalize(), "Rows", "Changed %", "Most by")
    most = sorted(report.slices[field].items(), key=lambda one: -one[1].rows)
    for value, counts in most[:SHOWN_VALUES]:
        rules = ", ".join(f"{rule.rule} {rule.rows}" for rule in counts.rules[:SHOWN_RULES])
        table.add_row(_literal(value), str(counts.rows), f"{100 * counts.changed / counts.rows:.1f}", rules)
    if len(most) > SHOWN_VALUES:
        table.add_row(f"and {len(most) - SHOWN_VALUES} more", *[""] * 3)
    return table


def _literal(text: str) -> str:
    """The text without a meaning to the terminal."""
    from rich.markup import escape

    return escape(printable(text))


def _tell_emptied(report: "CleanReport") -> None:
    if not report.emptied:
        return
    more = ", ..." if report.emptied > SHOWN_EMPTIED else ""
    named = printable(", ".join(report.emptied_rows[:SHOWN_EMPTIED]))
    click.echo(f"{report.emptied} texts are empty now, of fillers or marks only: {named}{more}", err=True)
