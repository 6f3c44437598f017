"""How much users' repetitions make counts vary, and that a policy which knows it keeps its promise."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from monitoring.events import Event
from serving.rollouts.contest import Contest, Sums
from serving.rollouts.dispersion import with_dispersion
from serving.rollouts.policy import Policy
from serving.rollouts.sequential import HARM_WEIGHTS, HARMS, log_mixture
from tests.serving.rollouts.queries import GOOD, NULL, query

VISIT = 3
"""Queries of a user, one after another."""


def nulls(random: Generator, users: int, *, stays: float) -> NDArray[np.bool_]:
    """Shape (users, VISIT): 5 % are null; a user's later query ends as the first with chance `stays`."""
    fresh = random.random((users, VISIT)) < 0.05
    return np.where(random.random((users, VISIT)) < stays, fresh[:, :1], fresh)


def events(stays: float, *, users: int = 3000) -> list[Event]:
    found = nulls(default_rng(0), users, stays=stays)
    return [
        query(f"{user}-{number}", user=f"u{user}", signals=NULL if found[user, number] else GOOD)
        for user in range(users)
        for number in range(VISIT)
    ]


def measured(found: list[Event]) -> dict[str, float]:
    return {one.signal: one.dispersion for one in with_dispersion(Policy(), found).guardrails}


def test_independent_queries_have_none_and_repeated_ones_as_much_as_they_repeat() -> None:
    assert measured(events(0.0))["null_transcript"] == pytest.approx(1, abs=0.1)
    assert measured(events(1.0))["null_transcript"] == pytest.approx(VISIT, rel=0.1)
    anonymous = [replace(event, user_id=None) for event in events(1.0)]
    assert measured(anonymous)["null_transcript"] == pytest.approx(1, abs=0.01)


def test_what_is_seldom_bad_says_nothing() -> None:
    assert set(measured(events(1.0, users=100)).values()) == {1.0}
    assert measured(events(1.0))["error"] == 1.0


def test_with_it_the_promise_holds_where_users_repeat_themselves() -> None:
    false = dict.fromkeys((1.0, 2.2), 0)
    for run in range(60):
        random, contest = default_rng(run), Contest()
        highest = dict.fromkeys(false, 0.0)
        for _ in range(150):
            champion, candidate = (nulls(random, users, stays=0.8) for users in (20, 20))
            arms = (Sums(n=one.size, bad=float(one.sum())) for one in (champion, candidate))
            contest = contest.plus(*arms, bets=[harm * 0.01 for harm in HARMS], against=0.0)
            for dispersion in highest if contest.log_capitals else ():
                odds = float(log_mixture(contest.log_capitals, HARM_WEIGHTS, dispersion=dispersion))
                highest[dispersion] = max(highest[dispersion], odds)
        for dispersion, odds in highest.items():
            false[dispersion] += odds >= np.log(20)
    assert false[1.0] > 6
    assert false[2.2] <= 6
