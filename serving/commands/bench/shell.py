"""What the benchmarks have in common: options, progress on standard error, the report. Knows no benchmark."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from rich.table import Table

    from serving.bench.report import Report

Command = TypeVar("Command", bound=Callable[..., None])
R = TypeVar("R", bound="Report")

FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
MANIFEST = click.Path(exists=True, dir_okay=False, path_type=Path)


def report_options(command: Command) -> Command:
    """Options of every benchmark."""
    command = click.option("--plot", type=FILE, metavar="FILE.png", help="Draw the report.")(command)
    return click.option("--json", "json_file", type=FILE, metavar="FILE", help="Write the whole report.")(command)


def output_options(command: Command) -> Command:
    """Those of benchmarks with recordings."""
    clips_help = "Recordings to send: a JSON-lines manifest. [default: tests/clips/manifest.jsonl]"
    return click.option("--clips", type=MANIFEST, metavar="MANIFEST", help=clips_help)(report_options(command))


def numbers(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, ...]:
    """Positive numbers of a comma-separated option."""
    try:
        found = tuple(float(part) for part in (value or "").split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of numbers such as 5,10,20") from None
    if any(not 0 < each < float("inf") for each in found):
        raise click.BadParameter("every number must be positive")
    return found


def core_list(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...]:
    """Core numbers of a comma-separated option."""
    try:
        return tuple(int(part) for part in (value or "").split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of cores such as 0,1") from None


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on standard error, redrawn once a second: it runs on the cores that are measured."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=1) as progress:
        yield progress


def publish(
    report: R,
    tables: "list[Table]",
    save_plot: Callable[[R, Path], None],
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """Print the tables, write what was asked for."""
    from serving.bench.report import print_tables, write_json

    print_tables(report.machine, *tables)
    if json_file:
        write_json(report, json_file)
    if plot:
        save_plot(report, plot)
