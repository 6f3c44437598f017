"""Rollouts as tables for a terminal, from the JSON of the admin API."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import BaseModel, JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from serving.commands.console import open_console
from serving.commands.printable import printable


class Champion(BaseModel):
    """Who answers."""

    name: str


class Here(BaseModel):
    """How it is on the server that was asked."""

    champion: str
    candidate: str | None
    share: float
    shadow_share: float
    loaded: list[str]
    problems: dict[str, str]
    held: str | None


class Server(BaseModel):
    """What there is."""

    champion: Champion
    open: str | None
    variants: list[str]
    here: Here


class Reason(BaseModel):
    """Why."""

    text: str


class Arm(BaseModel):
    """Of one variant."""

    requests: int
    bad_share: float


class SignalRow(BaseModel):
    """One signal of both."""

    signal: str
    champion: Arm
    candidate: Arm
    difference: float


class Assessment(BaseModel):
    """What is thought of it."""

    at: float
    outcome: str
    reasons: list[Reason]
    signals: list[SignalRow]


class Entry(BaseModel):
    """A line of history."""

    at: float
    action: str
    by: str | None
    note: str
    stage: str
    share: float
    version: int
    reasons: list[Reason]


class Whole(BaseModel):
    """One rollout."""

    id: str
    candidate: str
    champion: str
    strategy: str
    standing: str
    version: int
    entered_at: float
    assessment: Assessment | None
    history: list[Entry]


Document = Mapping[str, JsonValue]


def show_server(document: Document) -> None:
    """Who answers, and what does not work."""
    server, console = Server.model_validate(document), open_console()
    _line(console, f"champion: {server.champion.name}; loaded here: {', '.join(server.here.loaded)}")
    if server.here.champion != server.champion.name:
        _line(console, f"here {server.here.champion} answers meanwhile")
    for about, problem in server.here.problems.items():
        _line(console, f"problem: {about}: {problem}")
    if server.here.held:
        _line(console, f"held: {server.here.held}")
    if server.open is None:
        _line(console, f"no rollout goes on; variants: {', '.join(server.variants)}")


def show_status(document: Document) -> None:
    """How a rollout stands, and why."""
    rollout, console = Whole.model_validate(document), open_console()
    head = f"{rollout.id}: {rollout.candidate} after {rollout.champion}, {rollout.strategy}"
    _line(console, f"{head}; {rollout.standing}, since {_time(rollout.entered_at)}, version {rollout.version}")
    thought = rollout.assessment
    if thought is None:
        _line(console, "its evidence was not looked at yet")
        return
    _line(console, f"{thought.outcome}, as of {_time(thought.at)}")
    for reason in thought.reasons:
        _line(console, f"- {reason.text}")
    if thought.signals:
        console.print(_signals(thought.signals))


def show_history(document: Document) -> None:
    """What happened to a rollout, line by line."""
    rollout, console = Whole.model_validate(document), open_console()
    _line(console, f"{rollout.id}: {rollout.candidate} after {rollout.champion}, {rollout.standing}")
    table = Table("Version", "Time", "What", "By", "Stage", "Share", "Why", box=None)
    for entry in rollout.history:
        why = " ".join((entry.note, *(reason.text for reason in entry.reasons))).strip()
        cells = (str(entry.version), _time(entry.at), entry.action, entry.by or "itself", entry.stage)
        table.add_row(*map(_text, cells), f"{entry.share:.4g}", _text(why))
    console.print(table)


def _signals(rows: list[SignalRow]) -> Table:
    table = Table("Signal", "Champion", "bad", "Candidate", "bad", "Difference", box=None)
    for row in rows:
        table.add_row(
            _text(row.signal),
            f"{row.champion.requests:,}",
            f"{row.champion.bad_share:.2%}",
            f"{row.candidate.requests:,}",
            f"{row.candidate.bad_share:.2%}",
            f"{row.difference:+.2%}",
        )
    return table


def _line(console: Console, text: str) -> None:
    console.print(_text(text), soft_wrap=True)


def _text(text: str) -> Text:
    return Text(printable(text))


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
