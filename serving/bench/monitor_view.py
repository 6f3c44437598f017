"""`bench monitor` for people: a table of a `MonitorReport`, and its plot."""

from pathlib import Path

from rich.table import Table

from serving.bench.monitor import MonitorReport
from serving.bench.report import new_plot, number


def monitor_tables(report: MonitorReport) -> list[Table]:
    """One row a figure."""
    table = Table("", "", title=f"monitor, {report.slices} slices, {report.signals} signals", show_header=False)
    peer = report.adwin_values_per_s
    for name, value in (
        ("events/s into sketches, all numbers in all their slices", number(report.sketched_per_s)),
        (f"events/s through the whole monitor, of {report.events}", number(report.watched_per_s)),
        (f"a check with {report.findings} findings, s", number(report.check_s, 3)),
        ("a snapshot, s", number(report.state_s, 3)),
        ("a snapshot, MB", number(report.state_mb, 1)),
        ("values/s judged, in all their slices", number(report.values_watched_per_s)),
        ("values/s of river's ADWIN, in one stream", number(peer)),
        ("times as many", number(report.values_watched_per_s / peer if peer else None, 1)),
    ):
        table.add_row(name, value)
    return [table]


def save_monitor_plot(report: MonitorReport, path: Path) -> None:
    """Events a second, one bar a part."""
    figure, (axes,) = new_plot(1)
    axes.barh(["sketches", "whole monitor"], [report.sketched_per_s, report.watched_per_s])
    axes.set_xlabel("events/s")
    figure.savefig(path, dpi=120)
