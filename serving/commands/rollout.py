"""`voicesearch rollout`: what is tried on users, asked of a running server and told to it."""

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

import click

from serving.commands.rollout_simulate import simulate

if TYPE_CHECKING:
    from pydantic import JsonValue

    from serving.commands.admin_client import AdminClient, Document

Command = TypeVar("Command", bound=Callable[..., None])

PATH: Final = "/admin/rollouts"
ACTIONS: Final = {
    "advance": "Go one step on: from shadow to a canary, or to the canary's next share.",
    "pause": "Let nothing go on by itself; the share stays as it is.",
    "resume": "Let it go on by itself again.",
    "promote": "Give everybody the candidate at once; the old champion stays warm for a day.",
    "rollback": "Give everybody the old champion at once, also after a promotion while it is warm.",
    "end": "Stop without a switch.",
}


def asking(command: Command) -> Command:
    """Options of every command."""
    command = click.option("--json", "as_json", is_flag=True, help="Print the server's answer as JSON.")(command)
    default = "http://127.0.0.1:8000"
    return click.option("--url", default=default, show_default=True, metavar="URL", help="The server.")(command)


def doing(command: Command) -> Command:
    """Options of those that change something."""
    command = click.option("--note", default="", help="Why, for the history.")(command)
    return click.option("--by", metavar="NAME", help="Who does it.  [default: your user name]")(command)


@click.group()
def rollout() -> None:
    """Bring a variant to the users by steps, watch it, and take it back.

    Talks to a running server, with the key in VOICESEARCH_API_KEY where the server asks for one.
    """


@rollout.command()
@click.argument("variant", metavar="NAME|FILE.toml")
@click.option("--strategy", type=click.Choice(["shadow", "canary", "blue_green"]), default="canary", show_default=True)
@click.option("--policy", multiple=True, metavar="KEY=VALUE", help="Over the policy: shadow.min_pairs=100; repeatable.")
@doing
@asking
def start(
    variant: str, strategy: str, policy: tuple[str, ...], by: str | None, note: str, url: str, as_json: bool
) -> None:
    """Load a variant beside the champion and begin a rollout of it.

    A variant is named as in [[rollout.variants]], or described by a file with its name and settings.

    \b
    Example:
      voicesearch rollout start quiet --strategy canary --policy 'steps=[0.05, 0.25, 1]'
    """
    from serving.commands.admin_client import AdminClient

    described = _variant(Path(variant)) if variant.endswith(".toml") else variant
    who: dict[str, JsonValue] = {"by": by or _me(), "note": note}
    body = who | {"variant": described, "strategy": strategy, "policy": _policy(policy)}
    _tell(AdminClient(url).post(PATH, body), as_json)


def _acting(name: str, about: str) -> None:
    """Add the command of an action."""

    @rollout.command(name, help=f"{about}\n\nExample: voicesearch rollout {name}", short_help=about)
    @click.argument("rollout_id", metavar="[ROLLOUT]", required=False)
    @click.option("--version", type=int, help="Only if it still has this version.  [default: what it has now]")
    @doing
    @asking
    def action(rollout_id: str | None, version: int | None, by: str | None, note: str, url: str, as_json: bool) -> None:
        from serving.commands.admin_client import AdminClient

        client = AdminClient(url)
        found = _whole(client, rollout_id)
        body: dict[str, JsonValue] = {"by": by or _me(), "note": note, "version": version or found["version"]}
        _tell(client.post(f"{PATH}/{found['id']}/{name}", body), as_json)


for _name, _about in ACTIONS.items():
    _acting(_name, _about)


@rollout.command()
@click.argument("rollout_id", metavar="[ROLLOUT]", required=False)
@asking
def status(rollout_id: str | None, url: str, as_json: bool) -> None:
    """Show who answers, and how the rollout stands that goes on: its evidence and what is thought of it.

    Example: voicesearch rollout status
    """
    from serving.commands.admin_client import AdminClient
    from serving.commands.rollout_view import show_server, show_status

    client = AdminClient(url)
    server = client.get(PATH, limit=1)
    found = _whole(client, rollout_id) if rollout_id or server["open"] else None
    if as_json:
        click.echo(json.dumps({"server": server, "rollout": found}, indent=1))
        return
    show_server(server)
    if found:
        show_status(found)


@rollout.command()
@click.argument("rollout_id", metavar="[ROLLOUT]", required=False)
@asking
def history(rollout_id: str | None, url: str, as_json: bool) -> None:
    """Show what happened to a rollout, by default the latest, with every reason; it can never be changed.

    Example: voicesearch rollout history
    """
    from serving.commands.admin_client import AdminClient
    from serving.commands.rollout_view import show_history

    client = AdminClient(url)
    found = _whole(client, rollout_id)
    if as_json:
        click.echo(json.dumps(found["history"], indent=1))
    else:
        show_history(found)


rollout.add_command(simulate)


def _whole(client: "AdminClient", rollout_id: str | None) -> "Document":
    """The rollout; by default the latest, which is the one that goes on if one does."""
    if rollout_id is None:
        rollouts = client.get(PATH, limit=1)["rollouts"]
        if not isinstance(rollouts, list) or not rollouts or not isinstance(rollouts[0], dict):
            raise click.ClickException("there is no rollout yet")
        rollout_id = str(rollouts[0]["id"])
    return client.get(f"{PATH}/{quote(rollout_id, safe='')}")


def _tell(found: "Document", as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        click.echo(f"{found['id']}  {found['candidate']} after {found['champion']}: {found['standing']}")


def _variant(path: Path) -> "Document":
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path}: {error}") from None


def _policy(pairs: tuple[str, ...]) -> "Document":
    """Tables of dotted keys; what is no JSON is a text."""
    policy: dict[str, JsonValue] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not all(key.split(".")):
            raise click.BadParameter(f"{pair!r} is not of the form KEY=VALUE", param_hint="--policy")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        *tables, last = key.split(".")
        table: dict[str, JsonValue] = policy
        for name in tables:
            below = table.setdefault(name, {})
            if not isinstance(below, dict):
                raise click.BadParameter(f"{pair!r}: {name} has a value already", param_hint="--policy")
            table = below
        table[last] = value
    return policy


def _me() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise click.UsageError("who are you? say --by NAME") from None
