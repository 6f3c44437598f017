"""Errors over many runs, and that what is simulated is what is decided."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.random import default_rng

from serving.rollouts import judging
from serving.rollouts.contest import Contest, Sums
from serving.rollouts.evidence import Evidence, StepEvidence
from serving.rollouts.policy import Policy
from serving.rollouts.scenarios import SCENARIOS, try_out
from serving.rollouts.sequential import HARMS
from serving.rollouts.simulation import World, _ask, _rates, _Runs, peeked, simulate

POLICY = Policy()
WORSE = World(changed={"null_transcript": 0.04})


def evidence_at_every_look(world: World, policy: Policy, seed: int) -> Iterator[tuple[int, Evidence]]:
    """The evidence of one run, as `gathering` would make it, and all queries so far; it takes its steps by itself."""
    random, rates = default_rng(seed), _rates(world, policy)
    state = _Runs.begin(1, world.devices + 1, len(policy.guardrails))
    evidence = Evidence(since=0.0).at_step(0.05, 0.1, since=0.0)
    n, bad = np.zeros_like(state.n[0]), np.zeros_like(state.bad[0])
    while True:
        _ask(state, rates, policy, 200, random)
        more = [(Sums(n=int(a), bad=0.0), Sums(n=int(b), bad=0.0)) for a, b in state.n[0] - n]
        worse = state.bad[0] - bad
        n, bad = state.n[0].copy(), state.bad[0].copy()
        evidence = grown(evidence, more, worse, policy)
        yield int(n[0].sum()), evidence
        assert evidence.step is not None
        if (
            world.climbs
            and not judging.missing(evidence.step, policy)
            and not judging.clearance(evidence.step, policy)[1]
        ):
            share = evidence.step.next_share
            state.step[:] += 1
            evidence = evidence.at_step(share, policy.next_share(share), since=float(n.sum()))


def is_clear(step: StepEvidence, policy: Policy) -> bool:
    return not judging.missing(step, policy) and not judging.clearance(step, policy)[1]


def grown(
    evidence: Evidence,
    more: list[tuple[Sums, Sums]],
    worse: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    policy: Policy,
) -> Evidence:
    places: list[dict[str, Contest]] = []
    assert evidence.step is not None
    step: dict[str, Contest] = {}
    for place, (champion, candidate) in enumerate(more):
        before = evidence.fleet if place == 0 else evidence.slices.get(f"d{place}", {})
        places.append({})
        for i, guardrail in enumerate(policy.guardrails):
            arms = [Sums(n=arm.n, bad=float(worse[place, which, i])) for which, arm in enumerate((champion, candidate))]
            bets = [harm * guardrail.scaled_margin for harm in HARMS]
            contest = before.get(guardrail.signal, Contest())
            places[-1][guardrail.signal] = contest.plus(*arms, bets=bets, against=0.0)
            if place == 0:
                was = evidence.step.contests.get(guardrail.signal, Contest())
                allowed = guardrail.allowed(evidence.step.next_share)
                step[guardrail.signal] = was.plus(*arms, bets=(0.0,), against=allowed)
    stepped = StepEvidence(
        share=evidence.step.share, next_share=evidence.step.next_share, since=evidence.step.since, contests=step
    )
    slices = {f"d{place}": contests for place, contests in enumerate(places) if place}
    return Evidence(since=0.0, fleet=places[0], slices=slices, step=stepped)


@pytest.mark.parametrize(
    "world",
    [
        WORSE,
        World(changed={"null_transcript": 0.3}, on_one_device=True),
        World(changed={"clicked": 0.6, "redo": 0.2}, climbs=True, devices=2),
    ],
    ids=["worse", "one device", "climbing"],
)
def test_what_is_simulated_is_what_is_decided(world: World) -> None:
    for seed in range(3):
        course = simulate(world, POLICY, runs=1, candidate_queries=5000, seed=seed)
        assert course.rolled_back[0]
        for queries, evidence in evidence_at_every_look(world, POLICY, seed):
            if reasons := judging.harm(evidence, POLICY):
                break
            assert queries < course.queries[0]
        assert queries == course.queries[0]
        place = course.blamed[0]
        assert reasons[0].slice == (f"d{place}" if place else None)


def test_promotion_is_simulated_as_it_is_decided() -> None:
    quick = Policy(guardrails=tuple(one.model_copy(update={"margin": 0.05}) for one in POLICY.guardrails))
    world = World(climbs=True, devices=1)
    course = simulate(world, quick, runs=1, candidate_queries=20_000, seed=1)
    assert course.promoted[0]
    queries = 0
    for queries, evidence in evidence_at_every_look(world, quick, 1):  # noqa: B007
        assert evidence.step is not None
        if evidence.step.next_share == 1 and is_clear(evidence.step, quick):
            break
    assert queries == course.queries[0]


def test_a_worse_canary_is_rolled_back_soon() -> None:
    course = simulate(WORSE, POLICY, runs=400, candidate_queries=20_000)
    assert course.rolled_back.mean() > 0.99
    assert np.median(course.candidate_queries) < 700


def test_an_equal_one_is_seldom_rolled_back_where_a_peeked_test_often_does() -> None:
    course = simulate(World(), POLICY, runs=200, candidate_queries=8000, seed=1)
    assert course.rolled_back.mean() <= POLICY.alpha + 3 * np.sqrt(POLICY.alpha * (1 - POLICY.alpha) / 200)
    found = peeked(0.02, 0.02, POLICY, runs=1000, candidate_queries=8000)
    assert (found > 0).mean() > 5 * POLICY.alpha


def test_a_canary_bad_on_one_phone_is_rolled_back_and_blamed_on_it() -> None:
    world = World(changed={"null_transcript": 0.3}, on_one_device=True)
    course = simulate(world, POLICY, runs=100, candidate_queries=5000)
    assert course.rolled_back.all()
    assert (course.blamed == 1).mean() > 0.5
    assert set(course.blamed) <= {0, 1}


def test_a_better_canary_is_promoted_and_one_beyond_the_margin_never() -> None:
    better = World(changed={"null_transcript": 0.01, "redo": 0.08, "clicked": 0.36}, climbs=True, devices=1)
    assert simulate(better, POLICY, runs=40, candidate_queries=60_000).promoted.mean() > 0.9
    beyond = World(changed={"null_transcript": 0.026}, climbs=True, devices=1)
    assert simulate(beyond, POLICY, runs=40, candidate_queries=60_000).promoted.mean() <= POLICY.beta


def test_every_scenario_runs() -> None:
    for name in SCENARIOS:
        figures = try_out(name, POLICY, runs=3, candidate_queries=300)
        assert (figures.scenario, figures.runs) == (name, 3)
        assert 0 <= figures.rolled_back + figures.promoted <= 1
        assert (figures.peeked is None) != SCENARIOS[name].is_peeked
