"""`voicesearch data report`: what is in a manifest, as a page with plots, as JSON and as a table."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.data.shell import manifest_argument, workers_option

if TYPE_CHECKING:
    from rich.table import Table

    from data_pipeline.corpus.corpus import Corpus


@click.command()
@manifest_argument
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
@click.option("--slice", "slice_fields", multiple=True, metavar="FIELD", help="Repeatable. [default: source, split]")
@click.option("--convention", "name", default="search", show_default=True, help="How words are written to be counted.")
@click.option("--sound/--no-sound", default=True, show_default=True, help="Measure every recording.")
@workers_option
def report(
    manifest: Path, out: Path, slice_fields: tuple[str, ...], name: str, sound: bool, workers: int | None
) -> None:
    """Tell what is in a manifest: lengths, loudness, noise, silences, words, speakers, sources, by slices.

    Writes report.html and report.json into DIR.

    Example: voicesearch data report parts/manifest.jsonl --out report --slice device_model --slice split
    """
    from rich.console import Console

    from asr import convention
    from data_pipeline.corpus.corpus import describe, render
    from data_pipeline.files import write_json, write_whole
    from data_pipeline.manifest import read_lines
    from serving.commands.data.shell import told

    wanted = convention.get(name)
    with told("report", manifest) as (on_done, on_failure):
        corpus = describe(
            lambda: read_lines(manifest),
            manifest=manifest.name,
            slice_fields=slice_fields or ("source", "split"),
            sound=sound,
            convention=wanted,
            workers=workers,
            on_done=on_done,
            on_failure=on_failure,
        )
    write_json(corpus.as_json(), out / "report.json")
    write_whole(render(corpus).encode(), out / "report.html")
    Console().print(_table(corpus))
    click.echo(f"{corpus.whole.rows} rows, {corpus.whole.duration_s / 60:.1f} min -> {out / 'report.html'}", err=True)
    click.get_current_context().exit(2 if corpus.failures else 0)


def _table(corpus: "Corpus") -> "Table":
    from rich.table import Table

    from data_pipeline.corpus.description import MEASURES
    from data_pipeline.pages.page import number

    table = Table("Measure", "Unit", "5 %", "Median", "95 %", title=corpus.manifest)
    for name, measure in MEASURES.items():
        spread = corpus.whole.spreads[name]
        table.add_row(measure.title, measure.unit, *(number(one, 2) for one in (spread.p5, spread.p50, spread.p95)))
    return table
