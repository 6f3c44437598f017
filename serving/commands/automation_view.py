"""Automation as tables for a terminal, from the JSON of the admin API."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import BaseModel, JsonValue
from rich.table import Table
from rich.text import Text

from serving.commands.console import open_console
from serving.commands.printable import printable

Document = Mapping[str, JsonValue]


class Class(BaseModel):
    """A class of traffic."""

    traffic_class: str
    degree: str
    target_risk: float
    confidence: float
    threshold: float | None
    variant: str | None
    why: str
    since: float
    version: int


class Room(BaseModel):
    """What people can take."""

    backlog: int
    max_backlog: int
    sent_today: int
    daily_budget: int
    cut: float | None


class Status(BaseModel):
    """All classes."""

    classes: list[Class]
    room: Room


class Line(BaseModel):
    """Of a history."""

    at: float
    action: str
    by: str | None
    why: str
    degree: str
    threshold: float | None
    version: int


class Cost(BaseModel):
    """Of a budget that does not suffice."""

    sentence: str


class Whole(Class):
    """A class with its history."""

    shortfall: Cost | None
    history: list[Line]


class Point(BaseModel):
    """Of a curve."""

    threshold: float
    coverage: float
    risk: float | None
    risk_ci95: tuple[float, float]
    reviews: int


class Allowed(BaseModel):
    """What a target allows."""

    target_risk: float
    threshold: float | None
    coverage: float
    why: str


class Curve(BaseModel):
    """Coverage against risk."""

    reviews: int
    points: list[Point]
    thresholds: list[Allowed]
    thresholds_of_one_look: list[Allowed] = []


def show_status(document: Document) -> None:
    """All classes and what people can take."""
    found, console = Status.model_validate(document), open_console()
    table = Table("Class", "Degree", "Target", "Threshold", "Version", "Why", box=None)
    for one in found.classes:
        table.add_row(
            _text(one.traffic_class),
            one.degree,
            f"{one.target_risk:.2%}",
            _number(one.threshold),
            str(one.version),
            _text(one.why),
        )
    console.print(table)
    room = found.room
    console.print(
        f"people: {room.backlog} of {room.max_backlog} wait, {room.sent_today} of {room.daily_budget} sent today"
        + (f"; only what is below confidence {room.cut:.3f} is sent" if room.cut is not None else "")
    )


def show_class(document: Document) -> None:
    """One class in a line."""
    found = Class.model_validate(document)
    line = f"{found.traffic_class}: {found.degree}, threshold {_number(found.threshold)}, version {found.version}"
    open_console().print(_text(f"{line}; {found.why}"), soft_wrap=True)


def show_history(document: Document) -> None:
    """A class, what its people cannot take costs, and what happened to it."""
    found, console = Whole.model_validate(document), open_console()
    show_class(document)
    if found.shortfall:
        console.print(_text(found.shortfall.sentence), soft_wrap=True)
    table = Table("At", "What", "By", "Degree", "Threshold", "Version", "Why", box=None)
    for one in found.history:
        at = datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        table.add_row(
            at, one.action, _text(one.by or "-"), one.degree, _number(one.threshold), str(one.version), _text(one.why)
        )
    if found.history:
        console.print(table)


def show_curve(document: Document) -> None:
    """Coverage against risk, and what each target allows."""
    found, console = Curve.model_validate(document), open_console()
    table = Table("Coverage", "Confidence from", "Risk", "95 %", "Reviews", box=None)
    for one in found.points:
        low, high = one.risk_ci95
        risk = "-" if one.risk is None else f"{one.risk:.2%}"
        table.add_row(f"{one.coverage:.1%}", _number(one.threshold), risk, f"{low:.2%} to {high:.2%}", str(one.reviews))
    console.print(table)
    for title, allowed in (("every look", found.thresholds), ("one look", found.thresholds_of_one_look)):
        for target in allowed:
            what = "none" if target.threshold is None else f"{target.threshold:.3f}, {target.coverage:.1%} answered"
            console.print(
                f"target {target.target_risk:.1%}, {title}: threshold {what}; {target.why}",
                soft_wrap=True,
                markup=False,
            )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _text(value: str) -> Text:
    return Text(printable(value))
