"""`voicesearch automation`: how much is left to the model, asked of a running server and told to it."""

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import click

from serving.commands.rollout import asking, doing

if TYPE_CHECKING:
    from pydantic import JsonValue

PATH: Final = "/admin/automation"
DEGREES: Final = ("human_only", "shadow", "assist", "partial", "full")
EVERYONE: Final = "*"
FILE: Final = click.Path(path_type=Path)


@click.group()
def automation() -> None:
    """Leave more to the model, or less, by traffic class: a tenant, or * for whoever has no class of their own.

    Talks to a running server, with the key in VOICESEARCH_API_KEY where the server asks for one.
    """


@automation.command()
@asking
def status(url: str, as_json: bool) -> None:
    """Show each class: its degree, its threshold or why it has none, and what people can take.

    Example: voicesearch automation status
    """
    from serving.commands.admin_client import AdminClient
    from serving.commands.automation_view import show_status

    found = AdminClient(url).get(PATH)
    click.echo(json.dumps(found, indent=1)) if as_json else show_status(found)


@automation.command("set")
@click.argument("degree", type=click.Choice(DEGREES), required=False)
@click.option("--class", "name", default=EVERYONE, show_default=True, metavar="NAME", help="A tenant, or *.")
@click.option("--target-risk", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Under partial.")
@click.option("--confidence", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="How surely below it.")
@click.option("--version", type=click.IntRange(0), help="Only if it still has this version.  [default: any]")
@doing
@asking
def set_degree(
    degree: str | None,
    name: str,
    target_risk: float | None,
    confidence: float | None,
    version: int | None,
    by: str | None,
    note: str,
    url: str,
    as_json: bool,
) -> None:
    """Set the degree of a class, or the risk that it may take.

    Example: voicesearch automation set partial --class acme --target-risk 0.05 --note "first week"
    """
    from serving.commands.admin_client import AdminClient
    from serving.commands.automation_view import show_class

    if degree is None and target_risk is None and confidence is None:
        raise click.UsageError("say what to set: a degree, --target-risk or --confidence")
    wanted: dict[str, JsonValue] = {"degree": degree, "target_risk": target_risk, "confidence": confidence}
    wanted |= {"by": by or getpass.getuser(), "note": note, "version": version}
    found = AdminClient(url).post(_path(name), {key: value for key, value in wanted.items() if value is not None})
    click.echo(json.dumps(found, indent=1)) if as_json else show_class(found)


@automation.command()
@click.argument("name", metavar="[CLASS]", default=EVERYONE)
@asking
def history(name: str, url: str, as_json: bool) -> None:
    """Show a class, what its people cannot take costs, and all that happened to it.

    Example: voicesearch automation history acme
    """
    from serving.commands.admin_client import AdminClient
    from serving.commands.automation_view import show_history

    found = AdminClient(url).get(_path(name))
    click.echo(json.dumps(found, indent=1)) if as_json else show_history(found)


@automation.command()
@click.argument("name", metavar="[CLASS]", default=EVERYONE)
@click.option("--reviews", type=FILE, metavar="FILE.jsonl", help="Judge these instead of a server's reviews.")
@click.option("--target-risk", "targets", type=float, multiple=True, metavar="RISK", help="With --reviews; repeatable.")
@asking
def curve(name: str, reviews: Path | None, targets: tuple[float, ...], url: str, as_json: bool) -> None:
    """Show what share of the traffic the model could answer at which risk, with intervals, and thresholds.

    Of a running server's reviews; or of a file of JSON lines with `confidence`, `loss` (0 to 1) and `probability` (of
    the review, 1 if absent), or with `words` as in utterances.jsonl of an evaluation: then the loss is 1 where any
    word is wrong.

    Example: voicesearch automation curve --reviews results/utterances.jsonl --target-risk 0.05
    """
    from serving.commands.automation_view import show_curve

    if reviews:
        from serving.automation.review_lines import curve_of_file

        found = curve_of_file(reviews, targets)
    else:
        from serving.commands.admin_client import AdminClient

        found = AdminClient(url).get(_path(name) + "/curve")
    click.echo(json.dumps(found, indent=1)) if as_json else show_curve(found)


def _path(name: str) -> str:
    import re

    from serving.automation.record import CLASS_PATTERN

    if not re.fullmatch(CLASS_PATTERN, name):
        raise click.ClickException(f"{name!r} is no class: a tenant's name without /, of 200 characters at most, or *")
    return f"{PATH}/{quote(name, safe='*')}"
