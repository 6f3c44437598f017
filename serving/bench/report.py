"""The one record of a benchmark as JSON, and what its tables and plots have in common. Knows no benchmark."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from serving.bench.engine import EngineReport
    from serving.bench.frontend import FrontendReport
    from serving.bench.machine import Machine
    from serving.bench.monitor import MonitorReport
    from serving.bench.query import QueryReport
    from serving.bench.rollout import RolloutReport
    from serving.bench.serve import ServeReport

    Report = ServeReport | EngineReport | FrontendReport | QueryReport | MonitorReport | RolloutReport

PIPED_WIDTH: Final = 160
"""Columns of a table that goes to a file."""


def write_json(report: "Report", path: Path) -> None:
    """The whole record, as it stands in its dataclass."""
    path.write_text(json.dumps(asdict(report), indent=2) + "\n")


def print_tables(machine: "Machine", *tables: Table) -> None:
    """Tables on standard output, what they were measured on first."""
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    cores = ",".join(map(str, machine.cores))
    console.print(f"{machine.processor}, cores {cores}, Python {machine.python}, {machine.measured_at}")
    for table in tables:
        console.print(table)


def new_plot(panels: int) -> "tuple[Figure, list[Axes]]":
    """A figure of that many panels side by side; ValueError where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ValueError("--plot needs matplotlib: pip install 'voicesearch[plot]'") from None
    figure = Figure(figsize=(5.5 * panels, 4.2), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    return figure, list(axes)


def number(value: float | None, digits: int = 0) -> str:
    """A figure for a table's cell; a dash where there is none."""
    return "-" if value is None else f"{value:,.{digits}f}"
