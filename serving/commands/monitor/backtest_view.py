"""The results of `voicesearch monitor backtest`: as a table, as JSON, and as a plot."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from monitoring.backtest.scoring import Score, Trial, score
from serving.bench.report import PIPED_WIDTH, number

if TYPE_CHECKING:
    from serving.commands.monitor.backtest import Settings

CALM: Final = "calm"
Trials = Mapping[str, Sequence[Trial]]


def scores(trials: Trials) -> dict[str, dict[str, Score]]:
    """By scenario, then by system; "calm" is all streams in which nothing is wrong."""
    found: dict[str, dict[str, list[Trial]]] = {}
    for system, all_of in trials.items():
        for one in all_of:
            name = one.truth.name if one.truth else CALM
            found.setdefault(name, {}).setdefault(system, []).append(one)
    return {name: {system: score(some) for system, some in of.items()} for name, of in found.items()}


def summary(trials: Trials, settings: "Settings") -> dict[str, object]:
    """What JSON holds of it."""
    found = {name: {system: asdict(one) for system, one in of.items()} for name, of in scores(trials).items()}
    return {"settings": asdict(settings), "scenarios": found}


def write(summary: Mapping[str, Any], folder: Path) -> None:
    """summary.json, and delays.png where matplotlib is installed. Raises OSError."""
    from data_pipeline.files import write_json

    write_json(summary, folder / "summary.json")
    try:
        _plot(summary["scenarios"], folder / "delays.png")
    except ValueError:  # no matplotlib
        return


def show(trials: Trials) -> None:
    """Tables on standard output."""
    console = Console(width=None if Console().is_terminal else PIPED_WIDTH)
    for name, of in scores(trials).items():
        faulty = any(one.faults for one in of.values())
        console.print(_delays(name, of) if faulty else _false_alarms(name, of))


def _delays(name: str, of: Mapping[str, Score]) -> Table:
    table = Table(title=f"{name}: from the change to the alarm, in requests of the slice")
    for heading in ("system", "streams", "missed", "median", "p90", "median, h", "exactly named", "false alarms"):
        table.add_column(heading, justify="left" if heading == "system" else "right")
    for system, one in of.items():
        table.add_row(
            system,
            str(one.faults),
            str(one.missed),
            number(one.median_requests),
            number(one.p90_requests),
            number(one.median_hours, 2),
            "-" if one.exactly_named is None else f"{one.exactly_named:.0%}",
            str(one.false_alarms),
        )
    return table


def _false_alarms(name: str, of: Mapping[str, Score]) -> Table:
    table = Table(title=f"{name}: nothing is wrong")
    for heading in ("system", "requests", "false alarms", "per million", "95 % interval", "most by"):
        table.add_column(heading, justify="left" if heading == "system" else "right")
    for system, one in of.items():
        around = one.false_ci95
        table.add_row(
            system,
            number(one.requests),
            str(one.false_alarms),
            number(one.false_per_million, 1),
            "-" if around is None else f"{around.low:.1f} to {around.high:.1f}",
            max(one.false_by_signal, key=one.false_by_signal.__getitem__, default="-"),
        )
    return table


def _plot(scenarios: Mapping[str, Mapping[str, Mapping[str, Any]]], path: Path) -> None:
    """Median delays of all systems, one panel a scenario. Raises ValueError without matplotlib."""
    from serving.bench.report import new_plot

    faulty = {name: of for name, of in scenarios.items() if any(one["faults"] for one in of.values())}
    if not faulty:
        return
    figure, panels = new_plot(len(faulty))
    for axes, (name, of) in zip(panels, faulty.items(), strict=True):
        known = {system: one["median_requests"] for system, one in of.items() if one["median_requests"] is not None}
        drawn = axes.barh(list(known)[::-1], list(known.values())[::-1], color="#4c6a92")
        axes.bar_label(drawn, fmt="%.0f", padding=3)
        axes.set(title=name, xlabel="median requests to the alarm")
    figure.savefig(path, dpi=120)
