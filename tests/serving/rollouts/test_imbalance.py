"""Users by arm: exact over all that can happen, and over every look."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from serving.rollouts.imbalance import MOST_USERS, Assignment, log_imbalance, met


@settings(deadline=None)
@given(st.integers(0, 80), st.floats(0.01, 0.99))
def test_the_evidence_is_fair_for_the_share_that_was_set(users: int, share: float) -> None:
    shares = 1 - share, share
    worth = [
        math.comb(users, k) * share**k * (1 - share) ** (users - k) * math.exp(log_imbalance((users - k, k), shares))
        for k in range(users + 1)
    ]
    assert math.isclose(sum(worth), 1, rel_tol=1e-6)


def test_it_is_seldom_wrong_at_any_look_and_finds_a_lost_third() -> None:
    random = default_rng(2)
    wrong = found = 0
    for _ in range(200):
        fair, short = (random.random((2, 3000)) < [[0.05], [0.035]]).cumsum(axis=1).tolist()
        wrong += any(log_imbalance((n - k, k), (0.95, 0.05)) >= math.log(20) for n, k in enumerate(fair, 1))
        found += any(log_imbalance((n - k, k), (0.95, 0.05)) >= math.log(20) for n, k in enumerate(short, 1))
    assert wrong <= 10
    assert found >= 150


def test_three_arms_are_no_harder() -> None:
    assert log_imbalance((500, 300, 200), (0.5, 0.3, 0.2)) < 0 < log_imbalance((500, 200, 300), (0.5, 0.3, 0.2))


def test_a_user_counts_once_whatever_they_ask() -> None:
    users = [("u1", "phone", False), ("u2", "phone", True), ("u1", "phone", False), ("u1", "tv", False)]
    once = met(Assignment(), users, max_slices=5)
    assert once.by_slice == {"phone": (1, 1)}
    assert met(once, users, max_slices=5) == once
    assert once.users == (1, 1)


def test_models_that_are_too_many_are_taken_together_and_users_too_many_are_left_out() -> None:
    many = met(Assignment(), [(f"u{i}", f"model{i}", False) for i in range(MOST_USERS + 50)], max_slices=3)
    assert many.users == (MOST_USERS, 0)
    assert many.by_slice == {"model0": (1, 0), "model1": (1, 0), "model2": (1, 0), "": (MOST_USERS - 3, 0)}


def test_without_two_arms_there_is_nothing_to_say() -> None:
    assert met(Assignment(), [("u1", "phone", True)], max_slices=5).log_evidence(1.0) == 0.0
