"""`bench engine` for people: tables of an `EngineReport`, and its plot."""

from pathlib import Path

from rich.table import Table

from serving.bench.engine import EngineReport
from serving.bench.report import new_plot, number


def engine_tables(report: EngineReport) -> list[Table]:
    """Latency by length with the ratio to ours, then throughput by batch size."""
    return [_latency_table(report), _throughput_table(report)]


def save_engine_plot(report: EngineReport, path: Path) -> None:
    """p50 over the clips' length, and speed over the batch size, one line an engine."""
    figure, (latency, throughput) = new_plot(2)
    for result in report.engines:
        lengths = [row.duration_s for row in result.latencies]
        latency.plot(lengths, [row.times.p50_ms for row in result.latencies], "o-", label=result.engine)
        batches = [row.batch for row in result.throughputs]
        throughput.plot(batches, [row.rtfx for row in result.throughputs], "o-", label=result.engine)
    latency.set(xlabel="clip, s", ylabel="p50, ms", ylim=(0, None))
    throughput.set(xlabel="batch", ylabel="seconds of audio a second", ylim=(0, None))
    for axes in (latency, throughput):
        axes.legend()
    figure.savefig(path, dpi=120)


def _latency_table(report: EngineReport) -> Table:
    table = Table(title=f"one clip at a time on core {report.cpu}, ms: p50 / p95 (p50 divided by ours)")
    table.add_column("engine")
    lengths = [row.duration_s for row in report.engines[0].latencies]
    for heading in (*(f"{length_s:g} s" for length_s in lengths), "load s", "MiB"):
        table.add_column(heading, justify="right")
    for result in report.engines:
        cells = [
            f"{row.times.p50_ms:.1f} / {row.times.p95_ms:.1f} ({report.times_ours(result.engine, row.duration_s):.1f}x)"
            for row in result.latencies
        ]
        loading = result.loading
        table.add_row(result.engine, *cells, number(loading.load_s, 2), number(loading.memory_mb))
    return table


def _throughput_table(report: EngineReport) -> Table:
    table = Table(title=f"seconds of audio a second, clips of {report.batch_duration_s:g} s, by batch size")
    table.add_column("engine")
    batches = sorted({row.batch for result in report.engines for row in result.throughputs})
    for batch in batches:
        table.add_column(str(batch), justify="right")
    for result in report.engines:
        found = {row.batch: row.rtfx for row in result.throughputs}
        table.add_row(result.engine, *(number(found.get(batch), 1) for batch in batches))
    return table
