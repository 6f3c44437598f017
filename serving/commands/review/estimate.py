"""`voicesearch review estimate`: error rates on live traffic, by what people heard."""

import json
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.console import open_console
from serving.commands.printable import printable
from serving.commands.review.shell import config_option, json_option, open_queue, seconds, since_option, store_option

if TYPE_CHECKING:
    from rich.table import Table

    from serving.review.agreement import Agreement
    from serving.review.desk import Known
    from serving.review.estimate import Estimate, Rate


@click.command()
@since_option
@store_option
@config_option
@json_option
def estimate(since: datetime | None, url: str | None, config: Path | None, as_json: bool) -> None:
    """Tell the word error rate and the share of wrong answers of each variant and its slices, from the reviews so far.

    Each interval holds at 95 % however often one looks. Uncertain queries are reviewed oftener and weighted for that.

    Example: voicesearch review estimate --since 2026-11-01 --json
    """
    from serving.review.view import estimate_json

    with open_queue(url, config) as desk:
        known = desk.known(since=seconds(since))
    if as_json:
        click.echo(json.dumps(estimate_json(known), indent=1))
    else:
        _show(known)


def _show(known: "Known") -> None:
    console = open_console()
    if not known.estimates:
        console.print("no reviews of queries that were drawn with a known probability")
    else:
        console.print(_estimates(known.estimates))
    for one in known.agreements[:1]:
        console.print(_sentence(one), soft_wrap=True, markup=False)


def _estimates(estimates: "list[Estimate]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("Variant", "Slice", "Reviews", "WER %", "95 %", "Wrong %", "95 %", "Unclear %", "Missing %", box=None)
    for one in estimates:
        which = ", ".join(f"{name}={value}" for name, value in one.slice.items()) or "all"
        cells = (
            one.variant,
            which,
            str(one.reviews),
            *_cells(one.wer),
            *_cells(one.error_rate),
            _percent(one.unintelligible_ratio),
            _percent(one.missing_ratio),
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _cells(rate: "Rate") -> tuple[str, str]:
    low, high = rate.interval.low, rate.interval.high
    known = f"{_percent(low)} to {_percent(high)}" if isfinite(high) else "too few errors"
    return "-" if rate.value is None else _percent(rate.value), known


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _sentence(all_labelers: "Agreement") -> str:
    wer = "" if all_labelers.wer is None else f", WER between them {_percent(all_labelers.wer)} %"
    same = f"{_percent(all_labelers.exact_ratio)} % alike"
    return f"two people reviewed {all_labelers.items} of them: {same}{wer}"
