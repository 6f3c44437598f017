"""`bench rollout` for people: tables of a `RolloutReport`, and its plot."""

from pathlib import Path

from rich.table import Table

from serving.bench.measures import Percentiles
from serving.bench.report import new_plot, number
from serving.bench.rollout import RolloutReport

RANKS = ("p50", "p95", "p99")


def rollout_tables(report: RolloutReport) -> list[Table]:
    """The champion's latency alone and with a candidate behind it; then the switch."""
    heard = ", ".join(f"{count} {outcome}" for outcome, count in report.outcomes.items())
    title = f"The champion's answers at {report.rate_per_s:g}/s, {report.rounds} rounds of {report.seconds:g} s, ms"
    latency = Table(title=title, caption=f"for the candidate: {heard}")
    for heading in ("", *RANKS, "max", "not answered"):
        latency.add_column(heading, justify="right" if heading else "left")
    rows = (("alone", report.alone, report.failed_alone), ("with a shadow", report.shadowed, report.failed_shadowed))
    for name, times, failed in rows:
        latency.add_row(name, *(number(ms, 1) for ms in (*_ranks(times), times.max_ms)), number(failed))
    shadowed, alone = ((*_ranks(times), times.max_ms) for times in (report.shadowed, report.alone))
    latency.add_row("ratio", *(number(ms / usual, 2) for ms, usual in zip(shadowed, alone, strict=True)), "")
    switch = Table(title="Switching all users under that load")
    for heading in ("promote, ms", "roll back, ms", "queries meanwhile", "not answered"):
        switch.add_column(heading, justify="right")
    done = report.switch
    switch.add_row(number(done.promote_ms, 1), number(done.rollback_ms, 1), number(done.sent), number(done.failed))
    return [latency, switch]


def save_rollout_plot(report: RolloutReport, path: Path) -> None:
    """Ranks of the latency, side by side."""
    figure, (axes,) = new_plot(1)
    both = (("alone", report.alone, -0.2), ("with a shadow", report.shadowed, 0.2))
    for label, times, offset in both:
        places = [place + offset for place in range(len(RANKS))]
        axes.bar(places, _ranks(times), 0.4, label=label)
    axes.set_xticks(range(len(RANKS)), RANKS)
    axes.set_ylabel("ms")
    axes.legend()
    figure.savefig(path, dpi=120)


def _ranks(times: Percentiles) -> tuple[float, float, float]:
    """Of `RANKS`, in milliseconds."""
    return times.p50_ms, times.p95_ms, times.p99_ms
