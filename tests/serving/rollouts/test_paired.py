"""Pairs: exact for the coin that they are."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from serving.rollouts.paired import Pairs, log_harm, most_harm


@settings(deadline=None)
@given(st.integers(0, 60))
def test_the_capital_is_fair_for_a_fair_coin(differ: int) -> None:
    worth = [
        math.comb(differ, worse) / 2**differ * math.exp(log_harm(Pairs(n=100, worse=worse, better=differ - worse)))
        for worse in range(differ + 1)
    ]
    assert math.isclose(sum(worth), 1, rel_tol=1e-9)


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 200))
def test_more_against_the_candidate_is_more_harm(worse: int, better: int) -> None:
    one = Pairs(n=1000, worse=worse, better=better)
    assert log_harm(one.plus(Pairs(n=1, worse=1))) > log_harm(one) > log_harm(one.plus(Pairs(n=1, better=1)))
    assert most_harm(one, alpha=0.05) >= one.difference


def test_pairs_that_agree_change_nothing_but_the_bound() -> None:
    few, many = Pairs(n=50, worse=3, better=3), Pairs(n=5000, worse=3, better=3)
    assert log_harm(few) == log_harm(many)
    assert most_harm(many, alpha=0.05) < most_harm(few, alpha=0.05) / 20
    assert most_harm(Pairs(), alpha=0.05) == 1


def test_a_fair_coin_is_seldom_called_harm_at_any_look() -> None:
    ones = default_rng(5).random((500, 300)) < 0.5
    worse = ones.cumsum(axis=1)
    called = 0
    for row in worse.tolist():
        called += any(log_harm(Pairs(n=1000, worse=w, better=i + 1 - w)) >= math.log(20) for i, w in enumerate(row))
    assert called / 500 <= 0.05
