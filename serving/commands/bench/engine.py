"""`voicesearch bench engine`: bare engines side by side."""

from pathlib import Path

import click

from serving.commands.bench.shell import output_options, progress_bar, publish


@click.command()
@click.option("--peer", "peers", multiple=True, type=click.Choice(["faster-whisper", "moonshine-voice"]))
@click.option("--cpu", type=int, help="The core that all engines use in turns. [default: the last usable]")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Turns of each engine.")
@output_options
def engine(
    peers: tuple[str, ...],
    cpu: int | None,
    rounds: int,
    clips: Path | None,
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """Time engines on one core: one clip at a time, and in batches; each in a process of its own.

    Example: voicesearch bench engine --peer moonshine-voice --peer faster-whisper --json engine.json
    """
    from serving.bench.clips import DEFAULT_MANIFEST, read_clips
    from serving.bench.engine import EnginePlan, bench_engines
    from serving.bench.engine_view import engine_tables, save_engine_plot
    from serving.bench.engines import OURS, PEERS
    from serving.bench.machine import this_machine

    read_clips(clips)
    machine = this_machine()
    names = (OURS, *(name for peer in dict.fromkeys(peers) for name in PEERS[peer]))
    core = machine.cores[-1] if cpu is None else cpu
    plan = EnginePlan(names, (clips or DEFAULT_MANIFEST).resolve(), core, rounds)
    with progress_bar() as progress:
        task = progress.add_task("loading", total=plan.steps)
        report = bench_engines(plan, machine, lambda name: progress.update(task, advance=1, description=name))
    publish(report, engine_tables(report), save_engine_plot, json_file, plot)
