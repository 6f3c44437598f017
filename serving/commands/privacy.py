"""`voicesearch privacy`: deletion of users, purges, and the log of what operators did; the server need not run."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.commands.console import open_console
from serving.commands.keys import FILE, by_shell, moment, of_a_database, opened_state, shell_user
from serving.commands.printable import printable

if TYPE_CHECKING:
    from serving.keys.actions import OperatorAction
    from serving.privacy.holdings import Holdings
    from serving.privacy.retention import Purged

CONFIG = click.option("--config", type=FILE, help="The server's voicesearch.toml.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def privacy() -> None:
    """What is kept of people: delete a user, purge what is too old, see what operators did.

    Run it where the server was started, with its configuration: folders are relative to that place.

    \b
    Example:
      voicesearch privacy delete --user 8c6e1f
    """


@privacy.command()
@click.option("--user", "user_id", required=True, help="The `user_id` that clients send.")
@JSON
@CONFIG
def delete(user_id: str, as_json: bool, config: Path | None) -> None:
    """Delete a user from events, kept audio, review queue and data sets, and tell what is gone.

    Exit code 1: something could not be done and is tried again with every purge. What a running server has not stored
    yet is deleted by its next purge.

    Example: voicesearch privacy delete --user 8c6e1f
    """
    from serving.privacy.erase_user import delete_user
    from serving.privacy.views import deletion_json

    with _opened(config) as holdings:
        deletion = delete_user(holdings, user_id, by=shell_user())
        by_shell(holdings.state, "privacy delete", deletion.deletion_id, removed=deletion.removed)
    if as_json:
        click.echo(json.dumps(deletion_json(deletion), indent=1))
    else:
        click.echo(f"{deletion.deletion_id}: {_counted(deletion.removed)}")
        for folder in deletion.datasets:
            click.echo(f"data set: {printable(folder)}")
        for model in deletion.models:
            click.echo(f"trained on it: {printable(model)}")
    for problem in deletion.problems:
        click.echo(f"not done: {printable(problem)}", err=True)
    click.get_current_context().exit(1 if deletion.problems else 0)


@privacy.command()
@JSON
@CONFIG
def purge(as_json: bool, config: Path | None) -> None:
    """Delete what is older than `[privacy]` allows, and go on with deletions of users.

    Example: voicesearch privacy purge --config voicesearch.toml
    """
    from serving.privacy.upkeep import tend

    with _opened(config) as holdings:
        done = tend(holdings)
        removed = {one.kind: one.removed for one in done.purged}
        by_shell(holdings.state, "privacy purge", "all", removed=removed)
    if as_json:
        click.echo(json.dumps({"removed": removed, "deletions": done.passes}, indent=1))
    else:
        click.echo(_counted(removed))


@privacy.command()
@JSON
@CONFIG
def status(as_json: bool, config: Path | None) -> None:
    """How long each kind is kept, what the last purge did, and which deletions are looked after.

    Example: voicesearch privacy status --json
    """
    from serving.privacy.deletions import Deletions
    from serving.privacy.retention import purges
    from serving.privacy.views import KINDS, deletion_json, retention_json

    with _opened(config) as holdings:
        last = purges(holdings)
        deletions = Deletions(holdings.state).page()
    if as_json:
        shown = {"retention": retention_json(holdings.settings, last), "deletions": [*map(deletion_json, deletions)]}
        click.echo(json.dumps(shown, indent=1))
        return
    done = {one.kind: one for one in last}
    retention = {kind: (getattr(holdings.settings, f"{kind}_days"), done.get(kind)) for kind in KINDS}
    for kind, (days, before) in retention.items():
        click.echo(f"{kind}: {f'{days:g} days' if days else 'for ever'}, {_last(before)}")
    for one in deletions:
        state = "finished" if one.finished_at else "looked after"
        click.echo(f"{one.deletion_id}: {state}, {one.passes} passes, {_counted(one.removed)}")


@privacy.command()
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Most lines.")
@click.option("--by", help="Only what this one did.")
@click.option("--since", type=click.DateTime(), metavar="TIME", help="Only then or later, UTC: 2026-11-01.")
@JSON
@of_a_database
def log(
    limit: int, by: str | None, since: datetime | None, as_json: bool, address: str | None, config: Path | None
) -> None:
    """What operators did, the latest first: who, what, to what, with which outcome.

    Example: voicesearch privacy log --by ann
    """
    from dataclasses import asdict

    from serving.keys.actions import ActionLog

    after = since.replace(tzinfo=UTC).timestamp() if since else None
    with opened_state(address, config) as state:
        found = ActionLog(state).page(limit=limit, by=by, since=after)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1))
    else:
        _show(found)


@contextmanager
def _opened(config: Path | None) -> Iterator["Holdings"]:
    from serving.privacy.holdings import open_holdings
    from serving.settings import read_settings
    from serving.watching import look_for_store

    settings = read_settings(config)
    look_for_store(settings.store.url)
    with open_holdings(settings) as holdings:
        yield holdings


def _counted(removed: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in removed.items()) or "nothing"


def _last(purged: "Purged | None") -> str:
    return "never purged" if purged is None else f"{purged.removed} removed by the last purge"


def _show(found: "list[OperatorAction]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("At", "By", "Action", "Target", "About", box=None)
    for one in found:
        about = " ".join(f"{name}={value}" for name, value in one.about.items())
        table.add_row(moment(one.at), *(Text(printable(text)) for text in (one.by, one.action, one.target, about)))
    open_console().print(table)
