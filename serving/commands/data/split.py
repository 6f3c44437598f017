"""`voicesearch data split`: train, dev and test that share nobody and nothing; and what a split, whose ever, shares."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.data.shell import manifest_argument, replace_option
from serving.commands.printable import printable

if TYPE_CHECKING:
    from rich.table import Table

    from data_pipeline.splitting.leakage import SplitCheck

SHOWN = 5


@click.command()
@manifest_argument
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="The new data set.")
@click.option("--check", is_flag=True, help="Only look at the split that the rows have; exit code 1 where it leaks.")
@click.option("--train", type=click.FloatRange(0, 1), default=0.8, show_default=True, help="Share of the groups.")
@click.option("--dev", type=click.FloatRange(0, 1), default=0.1, show_default=True)
@click.option("--test", type=click.FloatRange(0, 1), default=0.1, show_default=True)
@click.option(
    "--by",
    default="speaker,session,sound",
    show_default=True,
    metavar="FIELD[,FIELD]",
    help="What stands on one side only: fields of the manifest, and `sound`, the same speech at any level or format.",
)
@click.option("--salt", default="", help="Another text is another draw.")
@click.option("--test-from", metavar="DATE", help="Rows recorded from then on are test, those before never.")
@click.option("--dev-from", metavar="DATE", help="The same for dev. [default: dev is drawn from what is before test]")
@click.option("--keep", is_flag=True, help="Groups of rows that have a `split` already stay in it.")
@replace_option
def split(
    manifest: Path,
    out: Path | None,
    check: bool,
    train: float,
    dev: float,
    test: float,
    by: str,
    salt: str,
    test_from: str | None,
    dev_from: str | None,
    keep: bool,
    replace: bool,
) -> None:
    """Part rows into train, dev and test; a group of rows goes where a hash of its speaker says.

    Rows that are added later move no row that is there. Where dates decide, rows of a speaker (or whatever --by says)
    that also stands behind a border are left out before it. Beside the data set with its train.jsonl, dev.jsonl and
    test.jsonl, DIR gets split.json: the shares reached, and what stands on two sides.

    Example: voicesearch data split cleaned/manifest.jsonl --out parts --test-from 2026-09-01
    """
    from data_pipeline.manifest import read_manifest
    from data_pipeline.splitting.leakage import check_split
    from data_pipeline.splitting.split import SOUND, Splitting
    from serving.commands.data.shell import conclude, interruptible, run_table_step

    fields = tuple(dict.fromkeys(name.strip() for name in by.split(",") if name.strip()))
    if check:
        _check(manifest, fields)
        return
    if out is None:
        raise click.UsageError("--out DIR says where the data set goes; --check writes none")
    step = Splitting(
        train=train,
        dev=dev,
        test=test,
        by=fields,
        salt=salt,
        dev_from=dev_from,
        test_from=test_from,
        keep=keep,
    )
    shares = {} if step.borders() else {"train": train, "dev": dev, "test": test}
    made = run_table_step(step, manifest, out, replace=replace)
    with interruptible(lambda: f"{out} keeps the data set: the same command goes on with what it shares"):
        found = check_split(lambda: read_manifest(made.manifest), fields, shares, sound=SOUND in fields)
    _write(found, out / "split.json")
    _show(found, shares, fields)
    conclude(made)


def _check(manifest: Path, fields: tuple[str, ...]) -> None:
    """Look at a split that is there; ends with exit code 1 where it leaks, else 2 where lines are no rows."""
    from data_pipeline.manifest import InvalidLine, Row, read_lines
    from data_pipeline.splitting.leakage import check_split
    from data_pipeline.splitting.split import SOUND
    from serving.commands.data.shell import interruptible, told

    failures = 0
    with told("reading", manifest) as (on_done, on_failure):
        for line in read_lines(manifest):
            if isinstance(line, InvalidLine):
                failures += 1
                on_failure(line)
            on_done()

    def usable() -> Iterator[Row]:
        return (line for line in read_lines(manifest) if isinstance(line, Row))

    with interruptible():
        found = check_split(usable, fields, {}, sound=SOUND in fields)
    _show(found, {}, fields)
    if failures:
        click.echo(f"{failures} lines are no rows and were left out", err=True)
    click.get_current_context().exit(1 if found.leaking(_disjoint(fields)) else 2 if failures else 0)


def _disjoint(fields: tuple[str, ...]) -> list[str]:
    from data_pipeline.splitting.leakage import RECORDING
    from data_pipeline.splitting.split import SOUND

    return [*fields, *([RECORDING] if SOUND in fields else [])]


def _write(found: "SplitCheck", path: Path) -> None:
    from data_pipeline.files import write_json

    write_json(found.as_json(), path)


def _show(found: "SplitCheck", shares: Mapping[str, float], fields: tuple[str, ...]) -> None:
    from rich.console import Console

    Console().print(_parts(found, shares))
    for name, leak in found.leaks.items():
        asked = name in _disjoint(fields)
        note = "" if asked else " (not asked to be on one)"
        told = (
            f"{leak.values} values on several sides, in {leak.rows} rows{note}" if leak.values else "on one side each"
        )
        click.echo(f"{name}: {told}")
        for shared in leak.largest[:SHOWN] if asked else ():
            where = ", ".join(f"{part} {rows} ({shared.first[part]})" for part, rows in shared.rows.items())
            click.echo(printable(f"  {shared.value!r}: {where}"))
    for group in found.large_groups[:SHOWN]:
        size = f"one group has {group.rows} rows, {100 * group.share:.1f} % of all"
        note = f", more than asked for {group.part}" if group.too_large else ""
        click.echo(printable(f"{size}{note}: {group.row} and what goes with it"))
    if found.left_out:
        click.echo(f"{found.left_out} rows are in no part")
    if found.uncompared:
        click.echo(f"{found.uncompared} rows could not be compared by sound: silent, very short or not readable")


def _parts(found: "SplitCheck", shares: Mapping[str, float]) -> "Table":
    from rich.table import Table

    table = Table("Part", "Asked %", "Rows", "%", "Minutes", "Speakers")
    total = sum(part.rows for part in found.parts.values()) or 1
    for name, part in found.parts.items():
        asked = f"{100 * shares[name]:.1f}" if name in shares else "–"
        reached = f"{100 * part.rows / total:.1f}"
        table.add_row(name, asked, str(part.rows), reached, f"{part.duration_s / 60:.1f}", str(part.speakers))
    return table
