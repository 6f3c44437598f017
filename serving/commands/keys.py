"""`voicesearch keys`: API keys, over the database; the server need not run."""

import getpass
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from serving.commands.console import open_console
from serving.commands.printable import printable

if TYPE_CHECKING:
    from serving.keys.key import Issued, Key, KeyRequest
    from serving.keys.store import KeyInUse
    from serving.state.store import StateStore

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SCOPES: Final = ("client", "reviewer", "operator")
DAY_S: Final = 86_400.0

Command = TypeVar("Command", bound=Callable[..., object])


def of_a_database(command: Command) -> Command:
    """The options that say which database is meant."""
    command = click.option("--config", type=FILE, help="voicesearch.toml with store.url.")(command)
    return click.option("--store", "address", metavar="URL", help="Database of the server. [default: store.url]")(
        command
    )


@contextmanager
def opened_state(address: str | None, config: Path | None, *, make: bool = False) -> Iterator["StateStore"]:
    """The state of the database that is meant; where it is not there, it is made whole, events too, or an error."""
    from monitoring.store import EventStore
    from serving.settings import read_settings
    from serving.state.store import StateStore
    from serving.watching import look_for_store

    address = address or read_settings(config).store.url
    if make:
        with closing(EventStore.open(address)) as events:
            events.prepare()
    look_for_store(address)
    with closing(StateStore.open(address)) as state:
        yield state


def by_shell(state: "StateStore", action: str, target: str, **about: object) -> None:
    """Write down what was done from this shell, and by whom."""
    from serving.keys.actions import ActionLog, OperatorAction

    by = shell_user()
    ActionLog(state).write(OperatorAction(at=time.time(), by=by, action=action, target=target, about=about))


def shell_user() -> str:
    """Who is logged in, as the `by` of what is done."""
    return f"{getpass.getuser()} (shell)"


@click.group()
def keys() -> None:
    """API keys: make, list, rotate and revoke them.

    \b
    Example:
      voicesearch keys create --name ann --scope operator
    """


@keys.command()
@click.option("--name", required=True, help="Who or what uses it.")
@click.option("--scope", type=click.Choice(SCOPES), default="client", show_default=True, help="What it is for.")
@click.option("--tenant", help="Its requests count for this tenant.")
@click.option("--variant", help="Its requests are answered by this variant: for testers.")
@click.option("--requests-per-s", type=float, help="[default: limits.key_requests_per_s]")
@click.option("--burst", type=int, help="Requests at once.  [default: limits.key_burst]")
@click.option("--days", type=click.FloatRange(0, 36_500, min_open=True), help="Ends after so many.  [default: never]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@of_a_database
def create(
    name: str,
    scope: str,
    tenant: str | None,
    variant: str | None,
    requests_per_s: float | None,
    burst: int | None,
    days: float | None,
    as_json: bool,
    address: str | None,
    config: Path | None,
) -> None:
    """Make a key and print it: this once, for only its hash is kept.

    Example: voicesearch keys create --name web-app --tenant acme
    """
    from serving.keys.key import check_variant
    from serving.keys.store import KeyStore

    now = time.time()
    request = {"name": name, "scope": scope, "tenant": tenant, "variant": variant, "burst": burst}
    asked = _checked(request | {"requests_per_s": requests_per_s, "ends_at": now + days * DAY_S if days else None})
    with opened_state(address, config, make=True) as state:
        if variant is not None:
            check_variant(asked, _known_variants(state, config))
        made = KeyStore(state).create(asked, by=shell_user(), now=now)
        by_shell(state, "keys create", made.key.key_id, scope=scope, name=name)
    _show_secret(made, as_json)


@keys.command("list")
@click.option("--all", "ended_too", is_flag=True, help="Those that have ended too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@of_a_database
def list_keys(ended_too: bool, as_json: bool, address: str | None, config: Path | None) -> None:
    """List the keys, without their secrets.

    Example: voicesearch keys list --json
    """
    from serving.keys.store import KeyStore
    from serving.keys.views import key_json

    with opened_state(address, config) as state:
        found = [one for one in KeyStore(state).every() if ended_too or one.key.is_in_force(time.time())]
    if as_json:
        click.echo(json.dumps([key_json(one.key, one.last_used_at) for one in found], indent=1))
    else:
        _show(found)


@keys.command()
@click.argument("key_id")
@click.option(
    "--grace-s", type=click.FloatRange(0, 90 * DAY_S), default=DAY_S, show_default=True, help="Old one valid."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@of_a_database
def rotate(key_id: str, grace_s: float, as_json: bool, address: str | None, config: Path | None) -> None:
    """Give a key a new secret and print it; the old one is taken for a while.

    Example: voicesearch keys rotate 3f2504e04f89 --grace-s 3600
    """
    from serving.keys.store import KeyStore

    with opened_state(address, config) as state:
        made = KeyStore(state).rotate(key_id, now=time.time(), grace_s=grace_s)
        by_shell(state, "keys rotate", key_id, grace_s=grace_s)
    _show_secret(made, as_json)


@keys.command()
@click.argument("key_id")
@of_a_database
def revoke(key_id: str, address: str | None, config: Path | None) -> None:
    """End a key; every running server follows within seconds. One that has ended already stays as it is.

    Example: voicesearch keys revoke 3f2504e04f89
    """
    from serving.keys.store import KeyStore

    now = time.time()
    with opened_state(address, config) as state:
        key = KeyStore(state).revoke(key_id, by=shell_user(), now=now)
        if is_new := key.ends_at == now:
            by_shell(state, "keys revoke", key_id)
    click.echo(f"{key_id} is not valid any more" if is_new else f"{key_id} had ended already, {_ended(key)}", err=True)


def _ended(key: "Key") -> str:
    return f"{moment(key.ends_at)} UTC" + (f", revoked by {printable(key.ended_by)}" if key.ended_by else "")


def _known_variants(state: "StateStore", config: Path | None) -> set[str]:
    """Names from the configuration and from rollouts."""
    from serving.rollouts.store import RolloutStore
    from serving.settings import read_settings
    from serving.variants.variant import CHAMPION

    configured = (variant.name for variant in read_settings(config).rollout.variants)
    return {CHAMPION, *configured, *RolloutStore(state).variants()}


def _checked(fields: dict[str, object]) -> "KeyRequest":
    """Raises ValueError in one line that names the option."""
    from pydantic import ValidationError

    from serving.keys.key import KeyRequest

    try:
        return KeyRequest.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}") from None


def _show_secret(made: "Issued", as_json: bool) -> None:
    from serving.keys.views import issued_json

    if as_json:
        click.echo(json.dumps(issued_json(made), indent=1))
        return
    click.echo(f"{made.key.name} ({made.key.scope}); kept nowhere, so keep it now:", err=True)
    click.echo(str(made.token))


def _show(found: "list[KeyInUse]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("Id", "Name", "Scope", "Tenant", "Variant", "Made", "Last used", "Ends", box=None)
    for key, last_used_at in ((one.key, one.last_used_at) for one in found):
        texts = (key.key_id, key.name, key.scope.value, key.tenant or "", key.variant or "")
        times = (moment(at) for at in (key.created_at, last_used_at, key.ends_at))
        table.add_row(*(Text(printable(text)) for text in texts), *times)
    open_console().print(table)


def moment(at: float | None) -> str:
    """A time in seconds since 1970 UTC, as text to the second; a dash for none."""
    return "-" if at is None else datetime.fromtimestamp(at, UTC).isoformat(" ", "seconds").removesuffix("+00:00")
