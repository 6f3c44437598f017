"""Automation as JSON for people and pages. Knows no HTTP."""

import math
from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from serving.automation.answering import answering
from serving.automation.budget import Room, Shortfall
from serving.automation.gathering import Drawn
from serving.automation.record import Change, ClassState, as_json
from serving.automation.reviewed import Reviews
from serving.automation.risk import curve
from serving.automation.threshold import Rule, candidates, choose

View = dict[str, JsonValue]

TARGETS: Final = (0.02, 0.05, 0.1)
"""Risks that a curve tells the thresholds of, beside the wanted one."""


def state_view(state: ClassState, room: Room) -> View:
    """A class in short; `why` says who answers, too."""
    view = as_json(state) | {"why": f"{state.why}; {answering(state, room)}"}
    return {name: view[name] for name in view if name not in ("candidates", "demoted_for")}


def change_view(change: Change) -> View:
    """A line of a history."""
    return as_json(change)


def room_view(room: Room) -> View:
    """What people can take."""
    return {
        "backlog": room.backlog,
        "max_backlog": room.max_backlog,
        "sent_today": room.sent_today,
        "daily_budget": room.daily_budget,
        "cut": room.cut if math.isfinite(room.cut) else None,
        "is_left": room.is_left,
    }


def shortfall_view(found: Shortfall, room: Room) -> View:
    """What it costs that people can take less than falls to them, and whether they can take any now."""
    now = f"; now they take none: {room.closed_for}" if room.closed_for else ""
    return {
        "wanted_a_day": found.wanted_a_day,
        "taken_a_day": found.taken_a_day,
        "by_model_a_day": found.by_model_a_day,
        "cut": found.cut if math.isfinite(found.cut) else None,
        "extra_errors_a_day": found.extra_errors_a_day,
        "extra_errors_a_day_ci95": [found.interval.low, found.interval.high],
        "sentence": found.sentence + now,
    }


def drawn_curve(drawn: Drawn, state: ClassState) -> View:
    """Coverage against risk of a class, at its own candidates where it has some."""
    among = state.candidates or candidates(drawn.confidences, drawn.queries_a_day)
    rules = [Rule(target_risk=target, confidence=state.confidence) for target in {state.target_risk, *TARGETS}]
    return curve_view(drawn.reviews, among, sorted(rules, key=lambda rule: rule.target_risk))


def curve_view(reviews: Reviews, among: tuple[float, ...], rules: Sequence[Rule]) -> View:
    """Coverage against risk, and which threshold each of the rules allows."""
    chosen = [(rule, choose(reviews, among, rule)) for rule in rules]
    return {
        "reviews": len(reviews),
        "points": [
            {
                "threshold": one.threshold,
                "coverage": one.coverage,
                "risk": one.risk,
                "risk_ci95": [one.interval.low, one.interval.high],
                "reviews": one.reviews,
            }
            for one in curve(reviews, tuple(dict.fromkeys(among)))  # few reviews make few that differ
        ],
        "thresholds": [
            {
                "target_risk": rule.target_risk,
                "confidence": rule.confidence,
                "test": rule.test.__name__,
                "threshold": one.threshold,
                "coverage": one.coverage,
                "risk": one.risk,
                "why": one.why,
            }
            for rule, one in chosen
        ],
    }
