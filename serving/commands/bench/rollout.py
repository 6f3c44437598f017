"""`voicesearch bench rollout`: what a candidate costs the champion's users, and how users are switched."""

import tempfile
from pathlib import Path

import click

from serving.commands.bench.shell import core_list, output_options, progress_bar, publish


@click.command()
@click.option("--rate", "rate_per_s", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Queries/s.")
@click.option("--seconds", type=click.FloatRange(1), default=30.0, show_default=True, help="Of each run.")
@click.option("--rounds", type=click.IntRange(1), default=4, show_default=True, help="Each with and without a shadow.")
@click.option(
    "--max-duration", type=click.FloatRange(0.1), default=4.0, show_default=True, help="Of clips, in seconds."
)
@click.option("--cpus", callback=core_list, metavar="N,N", help="Keep server and client to these cores.")
@output_options
def rollout(
    rate_per_s: float,
    seconds: float,
    rounds: int,
    max_duration: float,
    cpus: tuple[int, ...],
    clips: Path | None,
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """The champion's latency with and without a candidate in the shadow; then promote and roll back under load.

    Example: voicesearch bench rollout --rate 20 --rounds 6 --json rollout.json
    """
    from serving.bench.clips import read_clips
    from serving.bench.machine import pin_to, this_machine
    from serving.bench.rollout import bench_rollout
    from serving.bench.rollout_view import rollout_tables, save_rollout_plot
    from serving.bench.serve import Traffic

    if cpus:
        pin_to(cpus)
    traffic = Traffic(tuple(read_clips(clips, max_duration_s=max_duration)), route="search")
    with progress_bar() as progress, tempfile.TemporaryDirectory() as folder:
        task = progress.add_task("starting", total=2 * rounds + 1)
        report = bench_rollout(
            traffic,
            this_machine(),
            Path(folder),
            rate_per_s=rate_per_s,
            seconds=seconds,
            rounds=rounds,
            on_step=lambda name: progress.update(task, advance=1, description=name),
        )
    publish(report, rollout_tables(report), save_rollout_plot, json_file, plot)
