"""`voicesearch review claim|submit|skip|unintelligible|release`: what a reviewer does, over a running server."""

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import click

from serving.commands.printable import printable
from serving.commands.rollout import asking

if TYPE_CHECKING:
    from serving.commands.admin_client import Document

PATH: Final = "/admin/review"
labeler_option: Final = click.option(
    "--by", metavar="NAME", help="Who reviews, where the key does not say.  [default: your user name]"
)


@click.command()
@click.argument("item", required=False)
@click.option("--recording", type=click.Path(dir_okay=False, path_type=Path), help="Write the recording there.")
@labeler_option
@asking
def claim(item: str | None, recording: Path | None, by: str | None, url: str, as_json: bool) -> None:
    """Take an item, by default the most urgent that you have not seen; only you have it until the lease ends.

    Example: voicesearch review claim --recording query.audio
    """
    from serving.commands.admin_client import AdminClient

    client, labeler = AdminClient(url), by or getpass.getuser()
    answer = client.post(f"{_item(item)}/claim" if item else f"{PATH}/claim", {"labeler": labeler})
    found = answer if item else answer.get("item")
    if not isinstance(found, dict):
        click.echo(json.dumps(None) if as_json else "nothing waits for you")
        return
    _show(found, as_json)
    if recording and not found["has_recording"]:
        raise click.ClickException("it has no recording")
    if recording:
        recording.write_bytes(client.content(f"{_item(str(found['id']))}/recording", labeler=labeler))


@click.command()
@click.argument("item")
@click.argument("text")
@click.option("--convention", metavar="NAME", help="What the text is written in.  [default: search@1]")
@labeler_option
@asking
def submit(item: str, text: str, convention: str | None, by: str | None, url: str, as_json: bool) -> None:
    """Say what you heard; an empty TEXT says that nobody speaks.

    Example: voicesearch review submit req_0123 "what time is it"
    """
    said: Document = {"text": text}
    if convention:
        said["convention"] = convention
    _do("submit", item, by, url, as_json, said)


def _plain(deed: str, about: str) -> click.Command:
    """The command of a deed that takes nothing but the item."""

    @click.command(deed, help=f"{about}\n\nExample: voicesearch review {deed} req_0123")
    @click.argument("item")
    @labeler_option
    @asking
    def command(item: str, by: str | None, url: str, as_json: bool) -> None:
        _do(deed, item, by, url, as_json)

    return command


skip: Final = _plain("skip", "Let somebody else judge it; you are not asked again.")
unintelligible: Final = _plain("unintelligible", "Say that nobody can tell what is said.")
release: Final = _plain("release", "Give an item back unjudged.")


def _do(deed: str, item: str, by: str | None, url: str, as_json: bool, said: "Document | None" = None) -> None:
    from serving.commands.admin_client import AdminClient

    body: Document = {"labeler": by or getpass.getuser(), **(said or {})}
    _show(AdminClient(url).post(f"{_item(item)}/{deed}", body), as_json)


def _item(name: str) -> str:
    return f"{PATH}/items/{quote(name, safe='')}"


def _show(item: "Document", as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(item, indent=1))
        return
    text = item["text"]
    shown = f"; the model heard: {text}" if isinstance(text, str) else ""
    click.echo(printable(f"{item['id']}: {item['state']}{shown}"))
