"""What the commands of `voicesearch data` share: options, the progress bar, and how failures and results are told."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from serving.commands.interrupts import interrupts_held
from serving.commands.printable import printable

if TYPE_CHECKING:
    from data_pipeline.dataset import Dataset
    from data_pipeline.manifest import InvalidLine
    from data_pipeline.steps import SoundStep, TableStep

SHOWN_FAILURES: Final = 20
NOTHING_KEPT: Final = "nothing is kept: the same command begins anew"

manifest_argument: Final = click.argument("manifest", type=click.Path(exists=True, dir_okay=False, path_type=Path))
out_option: Final = click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR", help="The new data set."
)
replace_option: Final = click.option("--replace", is_flag=True, help="Remove the data set that DIR holds now.")
workers_option: Final = click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Processes. [default: one a core]"
)


def from_here(path: Path) -> str:
    """A path seen from the working folder, so that a card names no other folder of this machine."""
    return Path(os.path.relpath(path)).as_posix()


def run_sound_step(step: "SoundStep", manifest: Path, out: Path, *, replace: bool, workers: int | None) -> "Dataset":
    """Run a step that makes recordings; `conclude` tells how it went."""
    from data_pipeline import dataset
    from data_pipeline.journal import JOURNAL

    if replace:
        dataset.clear(out, source=manifest)

    def kept() -> str:
        if not (out / JOURNAL).is_file():
            return NOTHING_KEPT
        again = "the same command without --replace" if replace else "the same command"
        return f"{out} keeps what was done: {again} goes on from there"

    with told(step.name, manifest, kept=kept) as (on_done, on_failure):
        made = dataset.change_sound(step, manifest, out, workers=workers, on_done=on_done, on_failure=on_failure)
    return made


def run_table_step(step: "TableStep", manifest: Path, out: Path, *, replace: bool) -> "Dataset":
    """Run a step that rewrites rows; `conclude` tells how it went."""
    from data_pipeline import dataset

    if replace:
        dataset.clear(out, source=manifest)
    with told(step.name, manifest, held=False) as (on_done, on_failure):
        made = dataset.change_table(step, manifest, out, on_done=on_done, on_failure=on_failure)
    return made


def conclude(made: "Dataset") -> None:
    """The last lines; ends the command, with exit code 2 where rows could not be used."""
    what = f"{made.card.rows} rows, {made.card.duration_s / 60:.1f} min -> {made.manifest}"
    click.echo(what + (" (was there already)" if made.was_there else ""), err=True)
    if failures := made.card.steps[-1].failures:
        click.echo(f"{failures} rows could not be used: {made.folder / 'failures.jsonl'}", err=True)
        click.get_current_context().exit(2)


@contextmanager
def interruptible(kept: Callable[[], str] = lambda: NOTHING_KEPT) -> Iterator[None]:
    """Ends the command on Ctrl-C and says what is kept of its work."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"interrupted; {kept()}", err=True)
        raise click.Abort from None


@contextmanager
def told(
    what: str, rows: Path | int | None, *, kept: Callable[[], str] = lambda: NOTHING_KEPT, held: bool = True
) -> "Iterator[tuple[Callable[[], None], Callable[[InvalidLine], None]]]":
    """A bar on standard error while rows are done, and a line for each of the first failures.

    `rows` is how many there are, where that is known, or the manifest that has a line for each. `kept` says what is
    kept after Ctrl-C, which comes between two rows if it is `held`: for work whose rows come one by one.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    failures = 0

    def on_failure(failure: "InvalidLine") -> None:
        nonlocal failures
        failures += 1
        if failures <= SHOWN_FAILURES:
            click.echo(f"voicesearch: error: {printable(str(failure))}", err=True)

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    total = (_lines(rows) if console.is_terminal else None) if isinstance(rows, Path) else rows
    progress = Progress(*columns, console=console, refresh_per_second=2, disable=not console.is_terminal)
    interrupts = interrupts_held(_tell_stopping) if held else nullcontext(lambda: None)
    with interruptible(kept), progress as bar, interrupts as let_in:
        task = bar.add_task(what, total=total)

        def on_done() -> None:
            bar.advance(task)
            let_in()

        yield on_done, on_failure
    if failures > SHOWN_FAILURES:
        click.echo(f"voicesearch: error: and {failures - SHOWN_FAILURES} more like these", err=True)


def _tell_stopping() -> None:
    """Past the streams of Python, which the signal may have come in the middle of."""
    os.write(2, b"stopping: what is being worked on is still finished\n")


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
