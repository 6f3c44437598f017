"""`voicesearch data normalize`: stage 3 over a manifest."""

from pathlib import Path

import click

from serving.commands.data.shell import manifest_argument, out_option, replace_option, workers_option
from serving.commands.finite import FiniteRange


@click.command()
@manifest_argument
@out_option
@click.option("--level-lufs", type=FiniteRange(-70, 0), help="ITU-R BS.1770 level. [default: the server's]")
@click.option("--max-boost-db", type=FiniteRange(0, 60), help="And no more than this. [default: the server's]")
@replace_option
@workers_option
def normalize(
    manifest: Path,
    out: Path,
    level_lufs: float | None,
    max_boost_db: float | None,
    replace: bool,
    workers: int | None,
) -> None:
    """Bring recordings to one loudness, by the same function as in the server.

    A run that was cut off goes on where it stopped.

    Example: voicesearch data normalize clipped/manifest.jsonl --out normalized --level-lufs -23
    """
    from asr.loudness import LoudnessTarget
    from data_pipeline.normalize import Normalization
    from serving.commands.data.shell import conclude, run_sound_step

    given = {"level_lufs": level_lufs, "max_boost_db": max_boost_db}
    target = LoudnessTarget(**{name: value for name, value in given.items() if value is not None})
    conclude(run_sound_step(Normalization(target=target), manifest, out, replace=replace, workers=workers))
