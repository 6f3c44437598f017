"""Who answers, over everything that it depends on."""

from dataclasses import replace
from itertools import product

import pytest

from serving.automation.decide import Answerer, ModelResult, Plan, Why, check, route
from serving.automation.degree import Degree
from serving.automation.record import ClassState
from serving.errors import ConsentRequired, Overloaded, answer_for

SURE, UNSURE = ModelResult(confidence=0.9, variant="champion"), ModelResult(confidence=0.8999, variant="champion")


def state(degree: Degree, threshold: float | None = 0.9) -> ClassState:
    return ClassState(
        traffic_class="*", degree=degree, target_risk=0.05, confidence=0.95, threshold=threshold, variant="champion"
    )


def planned(degree: Degree, model: ModelResult | None, *, consent: bool = True, has_room: bool = True) -> Plan:
    return route(state(degree), model, consent=consent, has_room=has_room)


@pytest.mark.parametrize(
    ("degree", "model", "answerer", "why", "shown"),
    [
        (Degree.HUMAN_ONLY, None, Answerer.PERSON, Why.DEGREE, False),
        (Degree.SHADOW, SURE, Answerer.PERSON, Why.DEGREE, False),
        (Degree.SHADOW, None, Answerer.PERSON, Why.NO_MODEL, False),
        (Degree.ASSIST, SURE, Answerer.PERSON, Why.DEGREE, True),
        (Degree.PARTIAL, SURE, Answerer.MODEL, Why.CONFIDENT, False),
        (Degree.PARTIAL, UNSURE, Answerer.PERSON, Why.UNCERTAIN, False),
        (Degree.PARTIAL, None, Answerer.PERSON, Why.NO_MODEL, False),
        (Degree.FULL, UNSURE, Answerer.MODEL, Why.DEGREE, False),
        (Degree.FULL, None, Answerer.MODEL, Why.NO_MODEL, False),
    ],
)
def test_who_answers(degree: Degree, model: ModelResult | None, answerer: Answerer, why: Why, shown: bool) -> None:
    assert planned(degree, model) == Plan(answerer=answerer, automation=degree, why=why, model_text_shown=shown)


@pytest.mark.parametrize("degree", [one for one in Degree if not one.model_may_answer])
def test_people_may_not_listen_without_consent_and_the_query_is_refused_before_the_model_runs(degree: Degree) -> None:
    with pytest.raises(ConsentRequired) as refused:
        check(state(degree), consent=False, has_room=True)
    answered = answer_for(refused.value)
    assert answered is not None
    assert (answered.status, answered.code, answered.param) == (422, "consent_required", "consent")
    with pytest.raises(Overloaded) as busy:
        check(state(degree), consent=True, has_room=False)
    assert busy.value.retry_after_s == 30
    check(state(degree), consent=True, has_room=True)


@pytest.mark.parametrize(("consent", "has_room", "why"), [(False, True, Why.NO_CONSENT), (True, False, Why.NO_ROOM)])
def test_partial_falls_back_to_the_model_and_says_so(consent: bool, has_room: bool, why: Why) -> None:
    plan = planned(Degree.PARTIAL, UNSURE, consent=consent, has_room=has_room)
    assert (plan.answerer, plan.why) == (Answerer.MODEL, why)
    assert planned(Degree.PARTIAL, SURE, consent=consent, has_room=has_room).why is Why.CONFIDENT
    with pytest.raises((ConsentRequired, Overloaded)):
        planned(Degree.PARTIAL, None, consent=consent, has_room=has_room)


def test_a_threshold_is_of_one_variant_and_without_one_people_answer() -> None:
    other = replace(SURE, variant="candidate")
    for where, model in ((state(Degree.PARTIAL), other), (state(Degree.PARTIAL, None), SURE)):
        plan = route(where, model, consent=True, has_room=True)
        assert (plan.answerer, plan.why) == (Answerer.PERSON, Why.NO_THRESHOLD)


def test_nobody_ever_listens_without_consent_or_room() -> None:
    results = (None, SURE, UNSURE)
    for degree, model, consent, has_room in product(Degree, results, (False, True), (False, True)):
        try:
            plan = planned(degree, model, consent=consent, has_room=has_room)
        except (ConsentRequired, Overloaded):
            assert not (consent and has_room)
            continue
        assert plan.answerer is Answerer.MODEL or (consent and has_room)
        assert plan.answerer is Answerer.PERSON or degree.model_may_answer


def test_degrees_are_ordered_and_end_below() -> None:
    assert [one.rank for one in Degree] == [0, 1, 2, 3, 4]
    assert [one.lower() for one in Degree] == [Degree.HUMAN_ONLY, *list(Degree)[:-1]]
    assert [one.model_runs for one in Degree] == [False, True, True, True, True]
    assert [one.model_may_answer for one in Degree] == [False, False, False, True, True]
