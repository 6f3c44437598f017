"""`bench serve` for people: tables of a `ServeReport`, and its plot."""

from pathlib import Path

from rich.table import Table

from serving.bench.measures import LoadRun, Outcome
from serving.bench.report import new_plot, number
from serving.bench.serve import ServeReport, SystemResult


def serve_tables(report: ServeReport) -> list[Table]:
    """One row a run, then one row a server with its ratio to the first."""
    return [_runs_table(report), _systems_table(report)]


def save_serve_plot(report: ServeReport, path: Path) -> None:
    """Latency and good answers a second over the offered rate, one line a server."""
    figure, (latency, goodput) = new_plot(2)
    for system in report.systems:
        runs = _by_rate(system)
        accepted = [(rate, run.accepted.p99_ms) for rate, run in runs if run.accepted]
        latency.plot([rate for rate, _ in accepted], [ms for _, ms in accepted], "o-", label=system.name)
        offered = [rate for rate, _ in runs]
        goodput.plot(offered, [run.answers_per_s for _, run in runs], "o-", label=system.name)
    if report.plan.find_p99_ms:
        latency.axhline(report.plan.find_p99_ms, color="grey", linestyle=":")
    latency.set(yscale="log", ylabel="p99 of accepted, ms")
    for ticks in (latency.yaxis.set_major_formatter, latency.yaxis.set_minor_formatter):
        ticks("{x:.0f}")
    goodput.set(ylabel="good answers a second")
    for axes in (latency, goodput):
        axes.set_xlabel("offered queries a second (Poisson)")
        axes.legend()
    figure.savefig(path, dpi=120)


def _runs_table(report: ServeReport) -> Table:
    table = Table(title=f"{report.route}, {report.clips} clips, {report.mean_clip_s:.1f} s on average")
    columns = ("server", "offered/s", "good/s", "p50 ms", "p95 ms", "p99 ms", "503", "after ms p50/p99")
    for heading in (*columns, "429", "errors", "timeouts", "client lag ms", "client CPU ms"):
        table.add_column(heading, justify="left" if heading == "server" else "right")
    for system in report.systems:
        for rate, run in _by_rate(system):
            table.add_row(system.name, number(rate, 1), *_cells(run))
        if system.saturated:
            table.add_row(system.name, f"{system.saturated.connections} at once", *_cells(system.saturated))
    return table


def _cells(run: LoadRun) -> list[str]:
    accepted, refusals = run.accepted, run.refusals
    ranks = (accepted.p50_ms, accepted.p95_ms, accepted.p99_ms) if accepted else (None, None, None)
    return [
        number(run.answers_per_s, 1),
        *(number(rank) for rank in ranks),
        str(run.outcomes[Outcome.SHED]),
        f"{refusals.p50_ms:.0f}/{refusals.p99_ms:.0f}" if refusals else "-",
        str(run.outcomes[Outcome.RATE_LIMITED]),
        str(run.outcomes[Outcome.ERROR]),
        str(run.outcomes[Outcome.TIMEOUT]),
        number(run.client_lag_p99_ms, 1),
        number(run.client_cpu_ms, 2),
    ]


def _systems_table(report: ServeReport) -> Table:
    limit = report.plan.find_p99_ms
    table = Table(title="servers, and in brackets the first one's figure divided by theirs")
    for heading in ("server", "ready s", "MiB idle", "MiB loaded", f"highest/s, p99 {number(limit)} ms"):
        table.add_column(heading, justify="left" if heading == "server" else "right")
    for heading in ("saturated/s", "of the bare engine", "at twice that, good/s of peak"):
        table.add_column(heading, justify="right")
    first = report.systems[0]
    for system in report.systems:
        saturated = system.saturated.answers_per_s if system.saturated else None
        ours = first.saturated.answers_per_s if first.saturated else None
        table.add_row(
            system.name,
            number(system.ready_after_s, 2),
            number(system.memory_idle_mb),
            number(system.memory_loaded_mb),
            _with_ratio(system.highest_per_s, first.highest_per_s),
            _with_ratio(saturated, ours),
            _share(saturated, report.bare_engine_per_s),
            _share(system.overload.answers_per_s if system.overload else None, system.peak_per_s),
        )
    return table


def _by_rate(system: SystemResult) -> list[tuple[float, LoadRun]]:
    runs = [*system.runs, *system.search, *([system.overload] if system.overload else [])]
    return sorted(((run.offered_per_s or 0.0, run) for run in runs), key=lambda pair: pair[0])


def _with_ratio(value: float | None, first: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" + (f" ({first / value:.2f}x)" if first and value else "")


def _share(value: float | None, whole: float | None) -> str:
    return f"{100 * value / whole:.0f} %" if value is not None and whole else "-"
