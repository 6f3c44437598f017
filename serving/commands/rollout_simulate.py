"""`voicesearch rollout simulate`: reads options, shows progress on standard error, prints a table."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from serving.rollouts.policy import Policy
    from serving.rollouts.scenarios import Figures

_COLUMNS: Final = ("rolled back", "queries", "p90", "promoted", "queries", "of all", "peeked", "queries")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME", help="Repeatable. [default: all]")
@click.option("--runs", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="Of each scenario.")
@click.option(
    "--queries",
    type=click.IntRange(100, 1_000_000),
    default=20_000,
    show_default=True,
    help="Of the candidate, where it stays at the first step.",
)
@click.option(
    "--policy", "policy_file", type=_FILE, metavar="FILE", help="TOML of a policy. [default: the default one]"
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def simulate(
    scenarios: tuple[str, ...], runs: int, queries: int, policy_file: Path | None, seed: int, as_json: bool
) -> None:
    """Try a policy on made-up candidates: how soon a worse one goes, how seldom an equal one, when a better one wins.

    Queries are the candidate's until it was rolled back or promoted, at the median, and those of all users then.
    Evidence is looked at after every 200 queries of all users, which are 10 of the candidate's in the first step.
    Peeked is a z-test made for one look, on the null rate alone, that is looked at as often.

    Example: voicesearch rollout simulate --runs 200 --scenario worse --scenario equal
    """
    from serving.rollouts.scenarios import SCENARIOS, try_out

    for name in scenarios:
        if name not in SCENARIOS:
            raise click.BadParameter(f"{name!r} is none of: {', '.join(SCENARIOS)}", param_hint="--scenario")
    policy, found = _policy(policy_file), []
    for name in dict.fromkeys(scenarios or SCENARIOS):
        click.echo(f"{name}: {SCENARIOS[name].about}", err=True)
        found.append(try_out(name, policy, runs=runs, candidate_queries=queries, seed=seed))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1))
    else:
        _show(found)


def _policy(path: Path | None) -> "Policy":
    """Raises ValueError in one line that names the key."""
    import tomllib

    from pydantic import ValidationError

    from serving.rollouts.policy import Policy

    if path is None:
        return Policy()
    try:
        return Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _show(found: "list[Figures]") -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(Column("scenario", no_wrap=True), *_COLUMNS, box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for one in found:
        table.add_row(
            one.scenario,
            _share(one.rolled_back),
            _count(one.rolled_back_queries),
            _count(one.rolled_back_p90),
            _share(one.promoted),
            _count(one.promoted_queries),
            _count(one.promoted_all_queries),
            _share(one.peeked),
            _count(one.peeked_queries),
        )
    Console().print(table)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _count(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
