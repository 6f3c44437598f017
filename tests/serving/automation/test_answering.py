"""Who is said to answer is who answers: the sentence held against what `route` decides."""

from itertools import product

import pytest

from serving.automation.answering import answering
from serving.automation.budget import Room, shortfall
from serving.automation.decide import Answerer, ModelResult, check, route
from serving.automation.degree import Degree
from serving.automation.record import ClassState
from serving.automation.reviewed import Reviews
from serving.automation.views import shortfall_view, state_view
from serving.errors import Overloaded

OPEN = Room(backlog=0, max_backlog=5, sent_today=0, daily_budget=2)
SPENT = Room(backlog=0, max_backlog=5, sent_today=2, daily_budget=2)
BUSY = Room(backlog=5, max_backlog=5, sent_today=1, daily_budget=9)
NOBODY = Room(backlog=0, max_backlog=5, sent_today=0, daily_budget=0)


def state(degree: Degree, threshold: float | None = None) -> ClassState:
    return ClassState(
        traffic_class="*", degree=degree, target_risk=0.05, confidence=0.95, threshold=threshold, variant="champion"
    )


def answers(where: ClassState, room: Room) -> str:
    """Who answers a query of which the model is not sure."""
    model = ModelResult(confidence=0.1, variant="champion") if where.degree.model_runs else None
    try:
        check(where, consent=True, has_room=room.is_left)
        plan = route(where, model, consent=True, has_room=room.is_left)
    except Overloaded:
        return "queries are refused"
    return "the model answers" if plan.answerer is Answerer.MODEL else "people answer"


@pytest.mark.parametrize(("degree", "threshold"), list(product(Degree, (None, 0.5))))
def test_the_sentence_is_what_is_decided(degree: Degree, threshold: float | None) -> None:
    for room in (OPEN, SPENT, BUSY, NOBODY):
        where = state(degree, threshold)
        said = answering(where, room).partition(";")[0]
        assert said.removeprefix("below the threshold ") == answers(where, room), (degree, room)


def test_a_class_says_who_answers_now_and_not_who_once_did() -> None:
    full, partial = state(Degree.FULL), state(Degree.PARTIAL, 0.5)
    assert state_view(full, OPEN)["why"] == "no reviews were looked at so far; the model answers"
    assert str(state_view(partial, SPENT)["why"]).endswith(
        "; below the threshold the model answers; the day's budget of 2 is spent, until midnight UTC"
    )


def test_a_budget_that_suffices_and_is_spent_is_said_to_be_spent() -> None:
    enough = shortfall(Reviews.of([]), [0.1, 0.2], 1.0, threshold=0.5, daily_budget=2)
    said = "people can take all 2 queries a day that fall to them"
    assert shortfall_view(enough, OPEN)["sentence"] == said
    spent = "; now they take none: the day's budget of 2 is spent, until midnight UTC"
    assert shortfall_view(enough, SPENT)["sentence"] == said + spent
