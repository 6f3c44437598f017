"""`voicesearch data ingest`: a collection, however it lies, becomes a data set."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.data.pairs import listed_pairs, pairs
from serving.commands.data.shell import from_here, out_option, replace_option, workers_option

if TYPE_CHECKING:
    from data_pipeline.ingest.found import Layout
    from data_pipeline.ingest.ingest import Ingestion

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
LAYOUTS = ("auto", "events", "common-voice", "ljspeech", "librispeech", "table", "folder")


@click.command()
@click.argument("path")
@out_option
@click.option("--source", type=click.Choice(["purchased", "historical", "reviewed"]), help="How it came to us.")
@click.option("--license", metavar="TEXT", help='Such as "CC BY 4.0".')
@click.option("--consent", metavar="TEXT", help="On what ground the recordings may be used.")
@click.option("--layout", type=click.Choice(LAYOUTS), default="auto", show_default=True)
@click.option("--map", "maps", multiple=True, metavar="FIELD=COLUMN[,...]", help="How a table calls a field.")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="A field that every row gets.")
@click.option("--corpus", metavar="NAME", help="What the collection is called. [default: as it lies there]")
@click.option("--audio", type=_FOLDER, metavar="DIR", help="Where a table's or an event store's recordings are.")
@click.option("--copy", is_flag=True, help="Put the recordings into the data set, named by their content.")
@click.option("--empty-is-silence", is_flag=True, help="An empty text says that nobody speaks; else it is refused.")
@replace_option
@workers_option
def ingest(
    path: str,
    out: Path,
    source: str | None,
    license: str | None,
    consent: str | None,
    layout: str,
    maps: tuple[str, ...],
    fields: tuple[str, ...],
    corpus: str | None,
    audio: Path | None,
    copy: bool,
    empty_is_silence: bool,
    replace: bool,
    workers: int | None,
) -> None:
    """Take in a folder, a table, a known corpus, or the event store of a server (file or database URL).

    A recording without source, licence or consent, by option or by a column of its own, is refused. Recordings
    without a text are taken as not transcribed. Nothing outside the folder of the recordings is opened.

    Example: voicesearch data ingest calls.csv --out raw --source purchased --license "CC BY 4.0"
    --consent "speakers' agreement of 2025" --map audio_filepath=path,text=sentence,speaker=client_id
    """
    from data_pipeline.ingest.ingest import Ingestion
    from data_pipeline.ingest.layouts import Place, find_layout
    from data_pipeline.ingest.terms import Source, Terms

    if out.resolve().is_relative_to(Path(path).resolve()):
        raise click.BadParameter(f"{out} lies in what is taken in", param_hint="--out")
    columns = listed_pairs(maps, "--map")
    found = find_layout(Place(address=path, audio=audio, columns=columns), layout)
    terms = Terms(
        corpus=corpus or found.corpus,
        source=Source(source) if source else None,
        license=license,
        consent=consent,
        fields=pairs(fields, "--field"),
    )
    settings = Ingestion(
        terms=terms,
        columns=columns,
        audio=from_here(audio) if audio else None,
        copy=copy,
        empty_is_silence=empty_is_silence,
    )
    _run(found, settings, out, Path(path) if replace else None, workers)


def _run(layout: "Layout", settings: "Ingestion", out: Path, replaced_by: Path | None, workers: int | None) -> None:
    from data_pipeline.dataset import clear
    from data_pipeline.ingest.ingest import ingest as take_in
    from data_pipeline.ingest.ingest import survey
    from serving.commands.data.shell import conclude, interruptible, told

    with interruptible():
        surveyed = survey(layout, settings.terms, workers=workers)
    for reason, count in sorted(surveyed.left_out.items()):
        click.echo(f"{count} left out: {reason}", err=True)
    if replaced_by is not None:
        clear(out, source=replaced_by)
    with told("ingest", surveyed.recordings) as (on_done, on_failure):
        made = take_in(layout, settings, surveyed, out, workers=workers, on_done=on_done, on_failure=on_failure)
    conclude(made)
