"""What people can take, and what it costs where that is not enough."""

import math

import numpy as np
import pytest

from serving.automation.budget import Room, cut_of, shortfall
from serving.automation.reviewed import Reviews
from tests.serving.automation.populations import GRADUAL

TRAFFIC = np.arange(10_000) / 10_000


def reviews(queries: int = 20_000) -> Reviews:
    return GRADUAL.reviews(np.random.default_rng(1), queries, unequal=True)


def test_there_is_room_below_the_bounds_and_for_what_is_uncertain_enough() -> None:
    room = Room(backlog=9, max_backlog=10, sent_today=99, daily_budget=100, cut=0.4)
    assert room.is_left
    assert room.admits(0.39)
    assert room.admits(None)
    assert not room.admits(0.4)
    assert not Room(backlog=10, max_backlog=10, sent_today=0, daily_budget=100).admits(0.0)
    assert not Room(backlog=0, max_backlog=10, sent_today=100, daily_budget=100).admits(0.0)


@pytest.mark.parametrize(
    ("backlog", "sent", "budget", "why"),
    [
        (0, 0, 0, "nobody is there to listen (daily_budget is 0)"),
        (0, 2, 2, "the day's budget of 2 is spent, until midnight UTC"),
        (10, 1, 2, "10 wait for people already"),
        (9, 1, 2, None),
    ],
)
def test_it_says_why_there_is_none(backlog: int, sent: int, budget: int, why: str | None) -> None:
    room = Room(backlog=backlog, max_backlog=10, sent_today=sent, daily_budget=budget)
    assert (room.closed_for, room.is_left) == (why, why is None)


def test_enough_people_cost_nothing() -> None:
    found = shortfall(reviews(), TRAFFIC, 0.1, threshold=0.3, daily_budget=300)
    assert (found.wanted_a_day, found.by_model_a_day, found.extra_errors_a_day) == pytest.approx((300, 0, 0))
    assert (found.cut, found.interval.high) == (0.3, 0)
    assert found.sentence == "people can take all 300 queries a day that fall to them"


def test_too_few_people_hear_the_least_confident_and_the_rest_costs_errors() -> None:
    found = shortfall(reviews(), TRAFFIC, 0.1, threshold=0.5, daily_budget=200)
    truth = 300 * float(np.mean([GRADUAL.error(np.array([c]))[0] for c in np.linspace(0.2, 0.5, 1000)]))
    assert (found.wanted_a_day, found.taken_a_day, found.by_model_a_day) == pytest.approx((500, 200, 300))
    assert found.cut == pytest.approx(0.2, abs=0.001)
    assert truth in found.interval
    assert found.extra_errors_a_day == pytest.approx(truth, rel=0.25)
    assert "the model answers 300 below its threshold, from confidence 0.2" in found.sentence


def test_without_a_threshold_all_falls_to_people_and_without_reviews_nothing_is_known() -> None:
    found = shortfall(Reviews.of([]), TRAFFIC, 0.1, threshold=None, daily_budget=0)
    assert found.wanted_a_day == pytest.approx(1000)
    assert (found.cut, found.extra_errors_a_day) == (0.0, None)
    assert (round(found.interval.low), round(found.interval.high)) == (0, 1000)
    assert "which costs 0 to 1000 errors more a day" in found.sentence


def test_those_who_are_least_sure_go_to_people_whatever_each_stands_for() -> None:
    confidences, queries = np.array([0.6, 0.1, 0.3]), np.array([10.0, 5.0, 20.0])
    assert cut_of(confidences, queries, daily_budget=35) == math.inf
    assert cut_of(confidences, queries, daily_budget=34) == 0.6
    assert cut_of(confidences, queries, daily_budget=24) == 0.3
    assert cut_of(confidences, queries, daily_budget=0) == 0.1
    assert cut_of(np.array([]), np.array([]), daily_budget=0) == math.inf
