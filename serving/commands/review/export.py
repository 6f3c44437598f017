"""`voicesearch review export`: finished reviews as a manifest with recordings."""

from datetime import datetime
from pathlib import Path

import click

from serving.commands.review.shell import config_option, open_queue, seconds, since_option, store_option


@click.command()
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR", help="Where it is written."
)
@click.option("--every-label", is_flag=True, help="A row for each label, not one for what was agreed on.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="The server's working folder, which recordings are relative to. [default: this one]",
)
@since_option
@store_option
@config_option
def export(
    out: Path, every_label: bool, folder: Path, since: datetime | None, url: str | None, config: Path | None
) -> None:
    """Make DIR a data set of what reviewers heard: manifest, recordings and card, for `voicesearch data`.

    Users' ids stand in it as `speaker`. An earlier export in DIR is replaced, with its recordings.

    Example: voicesearch review export --out reviewed
    """
    from serving.review import export as exports
    from serving.review.item import State

    with open_queue(url, config) as desk:
        done = desk.queue.every(state=State.DONE, since=seconds(since))
        finished = ((one, desk.queue.reviews(one.item_id) if every_label else ()) for one in done)
        found = exports.export(finished, out, every_label=every_label, folder=folder, keep=desk.keep)
    click.echo(f"{found.manifest}: {found.rows} rows")
    for reason, count in found.left_out.most_common():
        click.echo(f"left out: {count} ({reason})", err=True)
