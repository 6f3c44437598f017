"""Who answers one query, the model or a person, and why. Pure: one function, no clock, no queue.

Nobody listens without the speaker's consent. Where people would have to answer and may not, or have no room, degrees
under which the model never answers refuse; `partial` lets the model answer below its threshold, and says so.
"""

from dataclasses import dataclass
from enum import StrEnum

from serving.automation.degree import Degree
from serving.automation.record import ClassState
from serving.errors import ConsentRequired, Overloaded

RETRY_AFTER_S = 30.0
"""When those who found no room may ask again; people take about that long."""


class Answerer(StrEnum):
    """Whose text the user gets."""

    MODEL = "model"
    PERSON = "person"


class Why(StrEnum):
    """The reason for it."""

    DEGREE = "degree"
    """The degree leaves no choice."""
    CONFIDENT = "confident"
    """The model's confidence is at or above the threshold."""
    UNCERTAIN = "uncertain"
    """It is below the threshold."""
    NO_THRESHOLD = "no_threshold"
    """Reviews were too few so far, or are of another variant."""
    NO_MODEL = "no_model"
    """The model did not answer."""
    NO_CONSENT = "no_consent"
    """A person should have answered; the speaker did not agree that anybody listens."""
    NO_ROOM = "no_room"
    """A person should have answered; all of them are busy, or the day's budget is spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult:
    """What a decision needs of the model's answer."""

    confidence: float
    variant: str | None
    """Which variant answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done with one query."""

    answerer: Answerer
    automation: Degree
    """What the answer and its event say."""
    why: Why
    model_text_shown: bool = False
    """Does the person begin with the model's text?"""


def route(state: ClassState, model: ModelResult | None, *, consent: bool, has_room: bool) -> Plan:
    """Who answers.

    `model` is None where it did not run or failed; under `full` such a failure is the answer. Before the model runs,
    `check` tells whether the query is refused anyway. Raises ConsentRequired and Overloaded.
    """
    degree, why = state.degree, _reason(state, model)
    if degree is Degree.FULL or why is Why.CONFIDENT:
        return Plan(answerer=Answerer.MODEL, automation=degree, why=why)
    if degree is Degree.PARTIAL and model is not None and not (consent and has_room):
        return Plan(answerer=Answerer.MODEL, automation=degree, why=Why.NO_ROOM if consent else Why.NO_CONSENT)
    _refuse(degree, consent=consent, has_room=has_room)
    shown = degree.model_text_shown and model is not None
    return Plan(answerer=Answerer.PERSON, automation=degree, why=why, model_text_shown=shown)


def check(state: ClassState, *, consent: bool, has_room: bool) -> None:
    """Refuse before the model runs what only people may answer and cannot. Raises ConsentRequired and Overloaded."""
    if not state.degree.model_may_answer:
        _refuse(state.degree, consent=consent, has_room=has_room)


def _reason(state: ClassState, model: ModelResult | None) -> Why:
    if state.degree.model_runs and model is None:
        return Why.NO_MODEL
    if state.degree is not Degree.PARTIAL or model is None:
        return Why.DEGREE
    threshold = state.threshold_of(model.variant)
    if threshold is None:
        return Why.NO_THRESHOLD
    return Why.CONFIDENT if model.confidence >= threshold else Why.UNCERTAIN


def _refuse(degree: Degree, *, consent: bool, has_room: bool) -> None:
    if not consent:
        raise ConsentRequired(f"people answer this traffic ({degree}), and may listen only with consent=true")
    if not has_room:
        raise Overloaded(f"people answer this traffic ({degree}), and have no room for more", RETRY_AFTER_S)
