"""`voicesearch bench monitor`: what watching costs."""

from pathlib import Path

import click

from serving.commands.bench.shell import publish, report_options


@click.command()
@click.option("--events", type=click.IntRange(5_000), default=100_000, show_default=True)
@report_options
def monitor(events: int, json_file: Path | None, plot: Path | None) -> None:
    """Time the monitor over 1,000 slices: sketches, all of it, a check, a snapshot.

    Example: voicesearch bench monitor --events 500000 --json monitor.json
    """
    from serving.bench.machine import this_machine
    from serving.bench.monitor import bench_monitor
    from serving.bench.monitor_view import monitor_tables, save_monitor_plot

    report = bench_monitor(this_machine(), events=events)
    publish(report, monitor_tables(report), save_monitor_plot, json_file, plot)
