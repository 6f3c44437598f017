"""`bench query` for people: a table of a `QueryReport`, and its plot."""

from pathlib import Path

from rich.table import Table

from serving.bench.query import QueryReport
from serving.bench.report import new_plot, number


def query_tables(report: QueryReport) -> list[Table]:
    """One row a stage."""
    title = f"{report.queries} queries of {report.mean_clip_s:.1f} s one after the other, ms"
    table = Table(title=title, caption="added: what the client waits beyond decode, vad, loudness and recognize")
    for heading in ("stage", "p50", "p95", "p99"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for one in report.stages:
        ranks = (one.times.p50_ms, one.times.p95_ms, one.times.p99_ms)
        table.add_row(one.stage, *(number(ms, 2) for ms in ranks))
    return [table]


def save_query_plot(report: QueryReport, path: Path) -> None:
    """The medians as bars."""
    figure, (axes,) = new_plot(1)
    axes.barh([one.stage for one in report.stages][::-1], [one.times.p50_ms for one in report.stages][::-1])
    axes.set_xlabel("p50, ms")
    figure.savefig(path, dpi=120)
