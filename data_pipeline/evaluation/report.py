"""The report of an evaluation: one HTML file that needs nothing else. Every text in it is escaped."""

from pathlib import Path
from typing import Final

from data_pipeline.evaluation.evaluate import Evaluation, SystemResult
from data_pipeline.evaluation.scores import Utterance

WORST: Final = 50
"""Utterances listed for each system."""
_TEMPLATE: Final = Path(__file__).with_name("report.html")


def render(evaluation: Evaluation) -> str:
    """The report as HTML."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": percent, "number": number}
    template = environment.from_string(_TEMPLATE.read_text("utf-8"))
    return template.render(evaluation=evaluation, worst={one.name: worst(one) for one in evaluation.systems})


def worst(result: SystemResult) -> list[Utterance]:
    """The utterances with the most word errors, most first; words heard in noise count too."""
    wrong = [one for one in result.utterances if one.errors.words.errors]
    return sorted(wrong, key=lambda one: -one.errors.words.errors)[:WORST]


def percent(ratio: float | None) -> str:
    """A share for a cell; a dash where it is undefined."""
    return "–" if ratio is None else f"{100 * ratio:.1f}"


def number(value: float | None) -> str:
    """A figure for a cell; a dash where there is none."""
    return "–" if value is None else f"{value:.0f}"
