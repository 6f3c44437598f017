"""`voicesearch data rebuild`: a data set made again from its card."""

from pathlib import Path

import click

from serving.commands.data.shell import workers_option

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("card", type=_FILE)
@click.option("--manifest", type=_FILE, required=True, help="What the first step of the card has read.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
@workers_option
def rebuild(card: Path, manifest: Path, out: Path, workers: int | None) -> None:
    """Run the steps of a card again, and hold every result against the hash that it had.

    Example: voicesearch data rebuild train/card.json --manifest raw/manifest.jsonl --out again
    """
    from data_pipeline.rebuild import rebuild as run_again
    from serving.commands.data.shell import conclude

    made = run_again(card, manifest, out, workers=workers, on_step=lambda step: click.echo(step.name, err=True))
    conclude(made)
