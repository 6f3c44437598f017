"""`voicesearch data convert`: manifests to and from what other tools read."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.data.pairs import listed_pairs
from serving.commands.data.shell import replace_option

if TYPE_CHECKING:
    from data_pipeline.manifest import InvalidLine


@click.command()
@click.argument("source", metavar="INPUT", type=click.Path(exists=True, path_type=Path))
@click.option("--to", "form", type=click.Choice(["lhotse", "huggingface", "manifest"]), required=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
@click.option("--map", "maps", multiple=True, metavar="FIELD=COLUMN[,...]", help="How a Hugging Face set calls it.")
@replace_option
def convert(source: Path, form: str, out: Path, maps: tuple[str, ...], replace: bool) -> None:
    """Write a manifest as Lhotse's sets or as a Hugging Face data set, or make a manifest of one of these.

    Lhotse's sets point to the recordings where they lie; a Hugging Face data set holds them. A folder with either is
    never replaced.

    Example: voicesearch data convert train/manifest.jsonl --to lhotse --out train-lhotse
    """
    if form == "manifest":
        _import(source, out, listed_pairs(maps, "--map"), replace)
    elif maps or replace or not source.is_file():
        raise click.UsageError(f"--to {form} takes a manifest, and neither --map nor --replace")
    else:
        _export(source, form, out)


def _import(source: Path, out: Path, columns: dict[str, str], replace: bool) -> None:
    from data_pipeline.dataset import clear
    from data_pipeline.exchange.convert import convert as convert_set
    from data_pipeline.exchange.convert import find_foreign_set
    from serving.commands.data.shell import conclude, told

    foreign = find_foreign_set(source, columns)
    if replace:
        clear(out, source=source)
    with told("convert", None) as (_, on_failure):
        made = convert_set(foreign, out, on_failure=on_failure)
    conclude(made)


def _export(manifest: Path, form: str, out: Path) -> None:
    from data_pipeline.exchange.huggingface_writer import write_huggingface
    from data_pipeline.exchange.lhotse_writer import write_lhotse
    from serving.commands.data.shell import told

    write = write_lhotse if form == "lhotse" else write_huggingface
    failures = 0
    with told("convert", manifest) as (on_done, tell):

        def on_failure(failure: "InvalidLine") -> None:
            nonlocal failures
            failures += 1
            tell(failure)

        rows = write(manifest, out, on_done=on_done, on_failure=on_failure)
    click.echo(f"{rows} rows -> {out}", err=True)
    if failures:
        click.echo(f"{failures} rows could not be converted", err=True)
        click.get_current_context().exit(2)
