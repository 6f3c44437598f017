"""`voicesearch review list`: what stands in the queue, and how it is doing."""

import json
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from serving.commands.console import open_console
from serving.commands.printable import printable
from serving.commands.review.shell import config_option, json_option, open_queue, seconds, since_option, store_option

if TYPE_CHECKING:
    from serving.review.figures import Figures
    from serving.review.item import ReviewItem

STATES: Final = ("waiting", "claimed", "done", "skipped", "expired")


@click.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those. [default: all]")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most items that are shown.")
@since_option
@store_option
@config_option
@json_option
def list_items(
    state: str | None, limit: int, since: datetime | None, url: str | None, config: Path | None, as_json: bool
) -> None:
    """Show items of the queue, the oldest first, and how it is doing; nothing of what was said.

    Example: voicesearch review list --state waiting
    """
    from serving.review.item import State
    from serving.review.view import figures_json, summary_json

    with open_queue(url, config) as desk:
        figures = desk.figures()
        items = list(islice(desk.queue.every(state=State(state) if state else None, since=seconds(since)), limit))
    if as_json:
        click.echo(
            json.dumps({"queue": figures_json(figures), "items": [summary_json(one) for one in items]}, indent=1)
        )
    else:
        _show(items, figures)


def _show(items: "list[ReviewItem]", figures: "Figures") -> None:
    from rich.table import Table
    from rich.text import Text

    console = open_console()
    table = Table("Item", "Asked", "State", "Why", "Confidence", "Variant", "People", box=None)
    for one in items:
        people = [*one.seen_by, *([f"{one.claim.labeler} (now)"] if one.claim else [])]
        cells = (
            one.item_id,
            datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%d %H:%M"),
            one.state.value,
            one.reason.value,
            "-" if one.answer.confidence is None else f"{one.answer.confidence:.2f}",
            one.answer.variant or "-",
            ", ".join(people) or "-",
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    if items:
        console.print(table)
    console.print(_sentence(figures), soft_wrap=True, markup=False)


def _sentence(figures: "Figures") -> str:
    oldest = figures.oldest_waiting_s
    waiting = f"{figures.backlog} to be reviewed, {figures.live_waiting} of them while a user waits"
    age = "" if oldest is None else f"; the oldest waits for {oldest / 3600:.1f} h"
    pace = (
        f"; {sum(figures.reviews_last_day.values())} reviews in the last day by {len(figures.reviews_last_day)} people"
    )
    spent = "" if figures.median_spent_s is None else f", {figures.median_spent_s:.0f} s each (median)"
    return waiting + age + pace + spent
