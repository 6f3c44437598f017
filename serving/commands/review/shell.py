"""What the commands of `voicesearch review` share: options, and the queue of a store that is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from serving.review.desk import ReviewDesk

store_option: Final = click.option("--store", "url", metavar="URL", help="Database of the queue. [default: store.url]")
config_option: Final = click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="A voicesearch.toml."
)
since_option: Final = click.option(
    "--since", type=click.DateTime(), metavar="TIME", help="Queries from then on, UTC: 2026-11-01."
)
json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


@contextmanager
def open_queue(url: str | None, config: Path | None) -> "Iterator[ReviewDesk]":
    """The queue of a store that exists; looking makes none. Raises what reading the settings and the store raises."""
    from monitoring.redaction import redact
    from serving.review.desk import ReviewDesk
    from serving.settings import read_settings
    from serving.state.store import StateStore
    from serving.watching import look_for_store

    settings = read_settings(config)
    url = url or settings.store.url
    look_for_store(url)
    state = StateStore.open(url)
    try:
        yield ReviewDesk(state, settings.review, keep=redact if settings.privacy.redact else str)
    finally:
        state.close()


def seconds(moment: datetime | None) -> float:
    """Since 1970 UTC; 0 where no time is given."""
    return moment.replace(tzinfo=UTC).timestamp() if moment else 0.0
