"""The threshold keeps its promise over hundreds of data sets, at one look and at many, where plugging in fails."""

from functools import lru_cache

import numpy as np
import pytest

from serving.automation.evidence import one_look, weighted_mean
from serving.automation.reviewed import Reviewed, Reviews
from serving.automation.threshold import COVERAGES, Rule, candidates, choose, refuted, reviews_needed
from tests.serving.automation.populations import FLAT, GRADUAL, POPULATIONS, STEP, TARGET, Population

DATA_SETS = 500
ALLOWED = 0.05 + 3 * (0.05 * 0.95 / DATA_SETS) ** 0.5
"""5 %, and three standard errors of a simulation of that size."""
GRID = candidates(np.arange(10_000) / 10_000)
RULE = Rule(target_risk=TARGET)
ONCE = Rule(target_risk=TARGET, test=one_look)


@lru_cache
def true_risk(population: Population, threshold: float) -> float:
    return population.risk_above(threshold)


def is_broken(population: Population, threshold: float | None) -> bool:
    return threshold is not None and true_risk(population, threshold) > TARGET


def plugged_in(reviews: Reviews) -> float | None:
    """The lowest threshold of which the estimate is below the target: what must not be done."""
    best = None
    for threshold, count in zip(GRID, reviews.above(GRID).tolist(), strict=True):
        risk = weighted_mean(reviews.loss[:count], reviews.weight[:count])
        if risk is not None and risk <= TARGET:
            best = threshold
    return best


@pytest.mark.parametrize("unequal", [False, True], ids=["equal", "unequal"])
@pytest.mark.parametrize("population", POPULATIONS, ids=lambda one: one.name)
def test_the_risk_exceeds_the_target_in_few_data_sets(population: Population, unequal: bool) -> None:
    chance = np.random.default_rng(1)
    drawn = [population.reviews(chance, 10_000, unequal=unequal) for _ in range(DATA_SETS)]
    for rule, data_sets in ((RULE, drawn), (ONCE, [one.thinned() for one in drawn])):
        broken = [is_broken(population, choose(one, GRID, rule).threshold) for one in data_sets]
        assert np.mean(broken) <= ALLOWED


@pytest.mark.parametrize("population", [GRADUAL, FLAT], ids=lambda one: one.name)
def test_plugging_the_estimate_in_breaks_the_promise(population: Population) -> None:
    chance = np.random.default_rng(1)
    broken = [
        is_broken(population, plugged_in(population.reviews(chance, 10_000, unequal=False))) for _ in range(DATA_SETS)
    ]
    assert np.mean(broken) > 0.3


@pytest.mark.parametrize("unequal", [False, True], ids=["equal", "unequal"])
def test_most_of_what_may_be_answered_is(unequal: bool) -> None:
    chance = np.random.default_rng(2)
    best = max(1 - one for one in GRID if not is_broken(GRADUAL, one))
    found = [choose(GRADUAL.reviews(chance, 40_000, unequal=unequal), GRID, RULE) for _ in range(50)]
    assert np.mean([one.coverage for one in found]) > 0.75 * best
    for one in found:
        assert one.threshold is not None
        assert one.coverage == pytest.approx(1 - one.threshold, abs=0.03)


def test_choosing_again_with_each_batch_of_reviews_breaks_nothing() -> None:
    chance = np.random.default_rng(3)
    broken = 0
    for _ in range(DATA_SETS):
        rows = FLAT.reviews(chance, 10_000, unequal=True)
        order = chance.permutation(len(rows))
        looks = [np.sort(order[:count]) for count in range(len(rows) // 8, len(rows) + 1, len(rows) // 8)]
        parts = [Reviews(rows.confidence[kept], rows.loss[kept], rows.weight[kept]) for kept in looks]
        broken += any(choose(part, GRID, RULE).threshold is not None for part in parts)
    assert broken / DATA_SETS <= ALLOWED


def test_candidates_taken_from_the_first_confidences_break_nothing() -> None:
    chance = np.random.default_rng(4)
    broken = 0
    for _ in range(DATA_SETS):
        reviews = STEP.reviews(chance, 10_000, unequal=True)
        first = chance.choice(len(reviews), 100, replace=False)
        among = candidates(reviews.confidence[first], 1 / reviews.weight[first])
        broken += is_broken(STEP, choose(reviews, among, RULE).threshold)
    assert broken / DATA_SETS <= ALLOWED


def test_too_little_data_gives_none_and_says_how_much_it_takes() -> None:
    reviews = Reviews.of(Reviewed(confidence=0.9, loss=0.0) for _ in range(50))
    chosen = choose(reviews, GRID, RULE)
    assert (chosen.threshold, chosen.reviews) == (None, 50)
    assert "there are 50, and it takes 113 without an error" in chosen.why
    assert "people" not in chosen.why
    assert choose(Reviews.of([]), GRID, RULE).threshold is None


def test_just_enough_reviews_without_an_error_let_the_model_answer_all() -> None:
    for rule in (RULE, ONCE):
        needed = reviews_needed(rule)
        for count, answers in ((needed - 1, False), (needed, True)):
            reviews = Reviews.of(Reviewed(confidence=0.9, loss=0.0) for _ in range(count))
            assert (choose(reviews, (0.5,) * len(COVERAGES), rule).threshold == 0.5) is answers


def test_enough_data_without_a_good_threshold_says_so() -> None:
    reviews = Reviews.of(Reviewed(confidence=0.9, loss=1.0) for _ in range(500))
    assert "no threshold has a risk that is surely below 5.00%" in choose(reviews, GRID, RULE).why


def test_the_sequence_begins_at_each_start_and_ends_where_it_is_not_refuted() -> None:
    p_values = np.ones(len(COVERAGES))
    assert refuted(p_values, 0.05) == []
    p_values[9:12] = 0.012
    assert refuted(p_values, 0.05) == [9, 10, 11]
    p_values[9:12] = 0.013
    assert refuted(p_values, 0.05) == []
    p_values[:14], p_values[14] = 0.0, 0.04
    assert refuted(p_values, 0.05)[-1] == 14


def test_candidates_are_shares_of_the_traffic_that_each_confidence_stands_for() -> None:
    assert candidates([]) == ()
    rare_but_common = candidates([0.9, 0.2], [1.0, 3.0])
    assert rare_but_common == (0.9,) * 5 + (0.2,) * 15


@pytest.mark.parametrize(
    ("target", "confidence"), [(0.0, 0.95), (1.0, 0.95), (float("nan"), 0.95), (0.05, 0.0), (0.05, 1.0)]
)
def test_a_rule_that_cannot_be(target: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="lies between"):
        Rule(target_risk=target, confidence=confidence)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"confidence": float("nan")}, "no finite number"),
        ({"loss": 1.1}, "outside of 0 to 1"),
        ({"loss": float("nan")}, "outside of 0 to 1"),
        ({"probability": 0.0}, "probability of review"),
        ({"probability": 0.05}, "below 0.1"),
    ],
)
def test_reviews_that_cannot_be(fields: dict[str, float], complaint: str) -> None:
    row = Reviewed(**{"confidence": 0.5, "loss": 0.0, **fields})
    with pytest.raises(ValueError, match=complaint):
        Reviews.of([row], least_probability=0.1)
