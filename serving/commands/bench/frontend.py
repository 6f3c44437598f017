"""`voicesearch bench frontend`: what stands before the engine."""

from pathlib import Path

import click

from serving.commands.bench.shell import output_options, progress_bar, publish


@click.command()
@click.option("--duration", "duration_s", type=click.FloatRange(0.2, 30), default=2.5, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=200, show_default=True, help="Repeats of a stage.")
@output_options
def frontend(duration_s: float, rounds: int, clips: Path | None, json_file: Path | None, plot: Path | None) -> None:
    """Time what stands before the engine, stage by stage, for the formats that clients send.

    Example: voicesearch bench frontend --duration 2.5 --json frontend.json
    """
    from serving.bench.clips import pieces_of, read_clips
    from serving.bench.frontend import FORMATS, bench_frontend
    from serving.bench.frontend_view import frontend_tables, save_frontend_plot
    from serving.bench.machine import this_machine

    piece = pieces_of(read_clips(clips), duration_s, count=1)[0]
    with progress_bar() as progress:
        task = progress.add_task("encoding", total=len(FORMATS))

        def on_step(name: str) -> None:
            progress.update(task, advance=1, description=name)

        report = bench_frontend(piece, this_machine(), rounds=rounds, on_step=on_step)
    publish(report, frontend_tables(report), save_frontend_plot, json_file, plot)
