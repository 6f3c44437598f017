"""`voicesearch bench query`: where the time of one query goes."""

from contextlib import ExitStack
from pathlib import Path

import click

from serving.commands.bench.shell import (
    MANIFEST,
    core_list,
    output_options,
    progress_bar,
    publish,
)


@click.command()
@click.option("--url", help="A running voicesearch server. [default: start our own]")
@click.option("--config", type=MANIFEST, help="Configuration of our own server.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Each clip so often.")
@click.option("--max-duration", type=click.FloatRange(0.1), help="Leave out longer clips, in seconds.")
@click.option("--cpus", callback=core_list, metavar="N,N", help="Keep server and client to these cores.")
@output_options
def query(
    url: str | None,
    config: Path | None,
    rounds: int,
    max_duration: float | None,
    cpus: tuple[int, ...],
    clips: Path | None,
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """Send spoken queries one after the other and say where their time goes.

    Example: voicesearch bench query --max-duration 4 --cpus 0,1
    """
    from serving.bench.clips import read_clips
    from serving.bench.machine import pin_to, this_machine
    from serving.bench.query import bench_query
    from serving.bench.query_view import query_tables, save_query_plot
    from serving.bench.serve import Traffic, build_target
    from serving.bench.server_process import own_server, running_server

    if cpus:
        pin_to(cpus)
    traffic = Traffic(tuple(read_clips(clips, max_duration_s=max_duration)), route="search")
    mean_s = sum(clip.duration_s for clip in traffic.clips) / len(traffic.clips)
    with ExitStack() as stack, progress_bar() as progress:
        task = progress.add_task("queries", total=rounds * len(traffic.clips))
        address = url or stack.enter_context(running_server(own_server(config), ready_path="/readyz")).url
        report = bench_query(
            build_target(address, traffic, timeout_s=10.0),
            this_machine(),
            rounds=rounds,
            mean_clip_s=mean_s,
            on_done=lambda: progress.advance(task),
        )
    publish(report, query_tables(report), save_query_plot, json_file, plot)
