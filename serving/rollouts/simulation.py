"""Many rollouts of made-up candidates at once: how soon a worse one goes, how seldom an equal one, when one wins.

The bets are those of `contest` and `judging`, over arrays of runs; a test holds that they agree. Queries are
independent, and so are signals. Knows no event and no time: minimum times and patience do not exist here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import log
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from serving.rollouts.judging import NAMED_FROM
from serving.rollouts.policy import Policy
from serving.rollouts.sequential import BLOCK, HARM_WEIGHTS, HARMS, Floats, log_gain, log_mixture

Ints = NDArray[np.int64]

USUAL: Final[Mapping[str, float]] = {
    "null_transcript": 0.02,
    "error": 0.002,
    "total_ms": 0.02,
    "redo": 0.1,
    "zero_results": 0.05,
    "switched_to_typing": 0.03,
    "clicked": 0.4,
    "confidence": 0.1,
}
"""Bad shares of a champion; of any other signal 0.05."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A candidate that is as good as the champion, but for some signals."""

    changed: Mapping[str, float] = field(default_factory=dict)
    """The candidate's bad shares, by signal."""
    devices: int = 10
    """Device models, each with as many queries."""
    on_one_device: bool = False
    """Is it different on the first of them only?"""
    climbs: bool = False
    """Does it take steps? Otherwise it stays at the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How the runs ended. Arrays of shape (runs,)."""

    rolled_back: NDArray[np.bool_]
    promoted: NDArray[np.bool_]
    candidate_queries: Ints
    """That the candidate was assigned until then."""
    queries: Ints
    """Of all users until then."""
    blamed: Ints
    """The place that the first reason names: 0 for all users, then device models; -1 without."""


@dataclass(slots=True)
class _Runs:
    """What goes on in the runs that are not over. Places: 0 is all users, the others are device models."""

    number: Ints
    """(runs,)"""
    step: Ints
    """(runs,): of the policy's steps."""
    n: Ints
    """(runs, places, arms): queries."""
    bad: Ints
    """(runs, places, arms, signals)"""
    n_bet: Ints
    """As `n`, those that were bet on or learnt from."""
    bad_bet: Ints
    log_capitals: Floats
    """(runs, places, signals, harms)"""
    odds: Floats
    """(runs, places, signals): of their mixture."""
    n_step: Ints
    """(runs, arms): queries in earlier steps."""
    bad_step: Ints
    """(runs, arms, signals)"""
    n_cleared: Ints
    """As `n_step`, those that were bet on or learnt from too, as to the next step."""
    bad_cleared: Ints
    log_cleared: Floats
    """(runs, signals): of the bet that the next step is harmless."""

    @classmethod
    def begin(cls, runs: int, places: int, signals: int) -> "_Runs":
        """Before the first query."""
        return cls(
            number=np.arange(runs),
            step=np.zeros(runs, np.int64),
            n=np.zeros((runs, places, 2), np.int64),
            bad=np.zeros((runs, places, 2, signals), np.int64),
            n_bet=np.zeros((runs, places, 2), np.int64),
            bad_bet=np.zeros((runs, places, 2, signals), np.int64),
            log_capitals=np.zeros((runs, places, signals, len(HARMS))),
            odds=np.ones((runs, places, signals)),
            n_step=np.zeros((runs, 2), np.int64),
            bad_step=np.zeros((runs, 2, signals), np.int64),
            n_cleared=np.zeros((runs, 2), np.int64),
            bad_cleared=np.zeros((runs, 2, signals), np.int64),
            log_cleared=np.zeros((runs, signals)),
        )

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Forget the others."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name)[which])


def simulate(
    world: World, policy: Policy, *, runs: int, candidate_queries: int, batch: int = 200, seed: int = 0
) -> Course:
    """Let rollouts run, each until it is decided or the candidate has had so many queries.

    It is looked at after every batch of queries of both variants together.
    """
    random, rates = default_rng(seed), _rates(world, policy)
    state = _Runs.begin(runs, world.devices + 1, len(policy.guardrails))
    course = Course(
        rolled_back=np.zeros(runs, bool),
        promoted=np.zeros(runs, bool),
        candidate_queries=np.zeros(runs, np.int64),
        queries=np.zeros(runs, np.int64),
        blamed=np.full(runs, -1),
    )
    while len(state.number):
        _ask(state, rates, policy, batch, random)
        _bet_on_harm(state, policy)
        capital = _stakes(state, policy) * state.odds
        harmed = capital.sum(axis=(1, 2)) >= 1 / policy.alpha
        promoted = _climb(state, policy) & ~harmed if world.climbs else np.zeros(len(harmed), bool)
        course.rolled_back[state.number] = harmed
        course.promoted[state.number] = promoted
        course.candidate_queries[state.number] = state.n[:, 0, 1]
        course.queries[state.number] = state.n[:, 0].sum(axis=1)
        course.blamed[state.number[harmed]] = _blamed(capital[harmed], state.odds[harmed])
        state.keep(~(harmed | promoted) & (state.n[:, 0, 1] < candidate_queries))
    return course


def peeked(
    champion: float,
    candidate: float,
    policy: Policy,
    *,
    runs: int,
    candidate_queries: int,
    batch: int = 200,
    seed: int = 0,
) -> Ints:
    """Queries of the candidate until a test that is made for one look rejects at one of many; -1 where it never does.

    The one-sided z-test of two proportions at the policy's whole `alpha`, of one signal, from 100 such queries on.
    Shape (runs,).
    """
    random = default_rng(seed)
    n, bad = np.zeros((runs, 2)), np.zeros((runs, 2))
    found = np.full(runs, -1)
    while n[:, 1].min() < candidate_queries:
        arms = random.binomial(batch, policy.steps[0].share, runs)
        more = np.stack([batch - arms, arms], axis=1)
        n += more
        bad += random.binomial(more, (champion, candidate))
        pooled = bad.sum(axis=1) / n.sum(axis=1)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n).sum(axis=1, where=n > 0))
        z = (bad[:, 1] / np.maximum(n[:, 1], 1) - bad[:, 0] / n[:, 0]) / np.maximum(error, 1e-12)
        rejects = (z > NormalDist().inv_cdf(1 - policy.alpha)) & (n[:, 1] >= 100) & (found < 0)
        found[rejects & (n[:, 1] <= candidate_queries)] = n[rejects & (n[:, 1] <= candidate_queries), 1]
    return found


def _rates(world: World, policy: Policy) -> Floats:
    """Bad shares: (devices, arms, signals)."""
    usual = np.array([USUAL.get(guardrail.signal, 0.05) for guardrail in policy.guardrails])
    changed = np.array([world.changed.get(one.signal, usual[i]) for i, one in enumerate(policy.guardrails)])
    rates = np.broadcast_to(usual, (world.devices, 2, len(usual))).copy()
    rates[: 1 if world.on_one_device else None, 1] = changed
    return rates


def _ask(state: _Runs, rates: Floats, policy: Policy, batch: int, random: Generator) -> None:
    """One more batch of queries."""
    runs, devices = len(state.number), len(rates)
    shares = np.array([step.share for step in policy.steps])[state.step]
    chances = np.stack([1 - shares, shares], axis=1)[:, None] / devices * np.ones((1, devices, 1))
    n = random.multinomial(batch, chances.reshape(runs, -1)).reshape(runs, devices, 2)
    bad = random.binomial(n[..., None], rates)
    state.n[:, 1:] += n
    state.n[:, 0] += n.sum(axis=1)
    state.bad[:, 1:] += bad
    state.bad[:, 0] += bad.sum(axis=1)


def _bet_on_harm(state: _Runs, policy: Policy) -> None:
    """Where a block is full, as `Contest.plus`."""
    bets = np.outer([guardrail.scaled_margin for guardrail in policy.guardrails], HARMS)
    run, place = np.nonzero((state.n - state.n_bet).min(axis=2) >= BLOCK)
    known_n, known_bad = state.n_bet[run, place, 0], state.bad_bet[run, place, 0]
    n = state.n[run, place] - state.n_bet[run, place]
    bad = (state.bad[run, place] - state.bad_bet[run, place])[..., None]
    rate = (known_bad + 0.5) / (known_n[:, None] + 1)
    won = log_gain(
        n[:, 0, None, None], bad[:, 0], n[:, 1, None, None], bad[:, 1], rate=rate[..., None], bet=bets, against=0.0
    )
    state.log_capitals[run, place] += np.where(known_n[:, None, None] > 0, won, 0.0)
    state.n_bet[run, place], state.bad_bet[run, place] = state.n[run, place], state.bad[run, place]
    mixed = log_mixture(state.log_capitals[run, place], HARM_WEIGHTS, dispersion=_dispersions(policy))
    state.odds[run, place] = np.exp(np.minimum(mixed, 60.0))


def _dispersions(policy: Policy) -> Floats:
    """(signals,)"""
    return np.array([guardrail.dispersion for guardrail in policy.guardrails])


def _stakes(state: _Runs, policy: Policy) -> Floats:
    """Of every bet that counts, as `judging.harm`: (runs, places, signals)."""
    parts = np.array([guardrail.part for guardrail in policy.guardrails])
    margins = np.array([guardrail.scaled_margin for guardrail in policy.guardrails])
    share = state.bad / np.maximum(state.n, 1)[..., None]
    difference = share[:, :, 1] - share[:, :, 0]
    in_step = (state.bad[:, 0] - state.bad_step) / np.maximum(state.n[:, 0] - state.n_step, 1)[..., None]
    difference[:, 0] = np.maximum(difference[:, 0], in_step[:, 1] - in_step[:, 0])
    of_place = np.full(state.n.shape[1], (1 - policy.fleet_part) / policy.max_slices)
    of_place[0] = policy.fleet_part
    return np.where(difference >= margins, of_place[:, None] * parts, 0.0)


def _blamed(capital: Floats, odds: Floats) -> Ints:
    """(runs,): the place with the highest odds among those that are named."""
    is_named = capital >= NAMED_FROM * capital.sum(axis=(1, 2), keepdims=True)
    blamed: Ints = np.where(is_named, odds, 0.0).max(axis=2).argmax(axis=1)
    return blamed


def _climb(state: _Runs, policy: Policy) -> NDArray[np.bool_]:
    """Take the steps that are shown to be harmless, as `judging.clearance`; which runs are promoted."""
    following = np.array([policy.next_share(step.share) for step in policy.steps])
    allowed = np.array([[guardrail.allowed(share) for guardrail in policy.guardrails] for share in following])
    (run,) = np.nonzero((state.n[:, 0] - state.n_cleared).min(axis=1) >= BLOCK)
    known_n = (state.n_cleared - state.n_step)[run, 0]
    known_bad = (state.bad_cleared - state.bad_step)[run, 0]
    n, bad = state.n[run, 0] - state.n_cleared[run], state.bad[run, 0] - state.bad_cleared[run]
    rate = (known_bad + 0.5) / (known_n[:, None] + 1)
    against = allowed[state.step[run]]
    won = log_gain(n[:, :1], bad[:, 0], n[:, 1:], bad[:, 1], rate=rate, bet=0.0, against=against)
    state.log_cleared[run] += np.where(known_n[:, None] > 0, won, 0.0)
    state.n_cleared[run], state.bad_cleared[run] = state.n[run, 0], state.bad[run, 0]
    needed = np.array([step.min_requests for step in policy.steps])[state.step]
    is_clear = (state.log_cleared / _dispersions(policy) >= log(1 / policy.beta)).all(axis=1)
    is_clear &= (state.n[:, 0] - state.n_step).min(axis=1) >= needed
    promoted: NDArray[np.bool_] = is_clear & (following[state.step] >= 1)
    up = is_clear & ~promoted
    state.step[up] += 1
    state.n_step[up] = state.n_cleared[up] = state.n[up, 0]
    state.bad_step[up] = state.bad_cleared[up] = state.bad[up, 0]
    state.log_cleared[up] = 0.0
    return promoted
