"""`voicesearch data rebuild`: a data set made again from its card."""

from pathlib import Path

import click

from serving.commands.data.shell import workers_option

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("card", type=_FILE)
@click.option("--manifest", type=_FILE, help="What the first step after ingest has read.")
@click.option("--source", metavar="PATH", help="What ingest has taken in, where it lies now.")
@click.option("--audio", type=_FOLDER, metavar="DIR", help="As in ingest. [default: the folder that the card names]")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
@workers_option
def rebuild(
    card: Path, manifest: Path | None, source: str | None, audio: Path | None, out: Path, workers: int | None
) -> None:
    """Run the steps of a card again, and hold every result against the hash that it had.

    Example: voicesearch data rebuild train/card.json --source calls.csv --out again
    """
    from data_pipeline.ingest.layouts import Place
    from data_pipeline.rebuild import rebuild as run_again
    from serving.commands.data.shell import conclude, interruptible

    if manifest and not source and not audio:
        start: Path | Place = manifest
    elif source and not manifest:
        start = Place(address=source, audio=audio)
    else:
        raise click.UsageError("either --manifest FILE or --source PATH says what the first step reads")
    with interruptible(lambda: f"{out} keeps what was done: the same command goes on from there"):
        made = run_again(card, start, out, workers=workers, on_step=lambda step: click.echo(step.name, err=True))
    conclude(made)
