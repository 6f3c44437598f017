"""`voicesearch data validate`: is a manifest sound?"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.data.shell import manifest_argument, workers_option

if TYPE_CHECKING:
    from data_pipeline.manifest import InvalidLine


@click.command()
@manifest_argument
@click.option("--sound", is_flag=True, help="Read every recording, too.")
@workers_option
def validate(manifest: Path, sound: bool, workers: int | None) -> None:
    """Check every line of a manifest: form, duplicates, overlapping parts; exit code 2 where something is wrong.

    Example: voicesearch data validate train.jsonl --sound
    """
    from data_pipeline.manifest import Row
    from data_pipeline.validation import validate as validate_lines
    from serving.commands.data.shell import told

    rows, wrong, duration_s = 0, 0, 0.0
    with told("validating", manifest) as (on_done, on_failure):
        for line in validate_lines(manifest):
            if isinstance(line, Row):
                rows, duration_s = rows + 1, duration_s + line.duration_s
            else:
                wrong += 1
                on_failure(line)
            on_done()
        for failure in _unusable(manifest, workers) if sound else ():
            wrong += 1
            on_failure(failure)
    click.echo(f"{rows} rows, {duration_s / 60:.1f} min; {wrong} faults")
    if wrong:
        click.get_current_context().exit(2)


def _unusable(manifest: Path, workers: int | None) -> "Iterator[InvalidLine]":
    from data_pipeline.manifest import read_lines
    from data_pipeline.parallel import ordered
    from data_pipeline.validation import sound_failure

    return (found for found in ordered(sound_failure, read_lines(manifest), workers=workers) if found is not None)
