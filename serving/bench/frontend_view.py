"""`bench frontend` for people: a table of a `FrontendReport`, and its plot."""

from pathlib import Path

from rich.table import Table

from serving.bench.frontend import FrontendReport
from serving.bench.report import new_plot

SHOWN = ("decode", "vad silero", "loudness", "statistics")
"""The stages that make up the default front end."""


def frontend_tables(report: FrontendReport) -> list[Table]:
    """One row a format, one column a stage."""
    table = Table(title=f"front end, one clip of {report.duration_s:.1f} s, ms: p50 / p95")
    stages = list(dict.fromkeys(row.stage for row in report.stages))
    for heading in ("format", *stages):
        table.add_column(heading, justify="left" if heading == "format" else "right")
    for name in dict.fromkeys(row.format for row in report.stages):
        rows = {row.stage: row.times for row in report.stages if row.format == name}
        table.add_row(name, *(f"{rows[stage].p50_ms:.2f} / {rows[stage].p95_ms:.2f}" for stage in stages))
    return [table]


def save_frontend_plot(report: FrontendReport, path: Path) -> None:
    """Stacked p50 of the stages, one bar a format."""
    figure, (axes,) = new_plot(1)
    formats = list(dict.fromkeys(row.format for row in report.stages))
    left = dict.fromkeys(formats, 0.0)
    for stage in dict.fromkeys(row.stage for row in report.stages if row.stage in SHOWN):
        widths = {row.format: row.times.p50_ms for row in report.stages if row.stage == stage}
        axes.barh(formats, [widths[name] for name in formats], left=list(left.values()), label=stage)
        left = {name: left[name] + widths[name] for name in formats}
    axes.set_xlabel("p50, ms")
    axes.legend()
    figure.savefig(path, dpi=120)
