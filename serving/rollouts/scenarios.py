"""Made-up candidates that a policy is tried on, and what came of it in figures. Knows no event."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from serving.rollouts.policy import Policy
from serving.rollouts.simulation import USUAL, Course, Ints, World, peeked, simulate

CLIMBING_QUERIES: Final = 100_000
"""Of the candidate, for those that take steps."""
_NULL: Final = "null_transcript"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A candidate."""

    about: str
    world: World
    is_peeked: bool = False
    """Is a test for a fixed horizon tried too?"""


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "worse": Scenario(
        about="nulls 2 % -> 4 %, stays at the first step", world=World(changed={_NULL: 0.04}), is_peeked=True
    ),
    "equal": Scenario(about="stays at the first step", world=World(), is_peeked=True),
    "one-device": Scenario(
        about="nulls 2 % -> 20 % on one device model of 10, stays at the first step",
        world=World(changed={_NULL: 0.2}, on_one_device=True),
    ),
    "worse-climbs": Scenario(about="nulls 2 % -> 4 %", world=World(changed={_NULL: 0.04}, climbs=True)),
    "equal-climbs": Scenario(about="takes steps", world=World(climbs=True)),
    "better-climbs": Scenario(
        about="nulls 2 % -> 1.5 %, redo 10 % -> 9 %, no click 40 % -> 38 %",
        world=World(changed={_NULL: 0.015, "redo": 0.09, "clicked": 0.38}, climbs=True),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of many runs of one scenario. Medians and percentiles are of the runs that ended so; None without any."""

    scenario: str
    runs: int
    rolled_back: float
    """Share of the runs."""
    rolled_back_queries: float | None
    """Median of the candidate's queries until then."""
    rolled_back_p90: float | None
    device_named: float | None
    """Share of the roll-backs in which the weightiest reason is the device model that is worse."""
    promoted: float
    promoted_queries: float | None
    """Median of the candidate's queries until then."""
    promoted_all_queries: float | None
    """Median of all users' queries until then."""
    peeked: float | None
    """Share of the runs that a z-test at the same alpha, looked at after every batch, rolls back."""
    peeked_queries: float | None


def try_out(name: str, policy: Policy, *, runs: int, candidate_queries: int, seed: int = 0) -> Figures:
    """Run one of `SCENARIOS`; `candidate_queries` bounds those that stay at the first step. Raises KeyError."""
    scenario = SCENARIOS[name]
    world = scenario.world
    most = CLIMBING_QUERIES if world.climbs else candidate_queries
    course = simulate(world, policy, runs=runs, candidate_queries=most, seed=seed)
    rejected = np.array([], np.int64)
    if scenario.is_peeked:
        shares = USUAL[_NULL], world.changed.get(_NULL, USUAL[_NULL])
        found = peeked(*shares, policy, runs=runs, candidate_queries=most, seed=seed)
        rejected = found[found >= 0]
    return _figures(name, course, runs, rejected if scenario.is_peeked else None, world.on_one_device)


def _figures(name: str, course: Course, runs: int, rejected: Ints | None, on_one_device: bool) -> Figures:
    back = course.candidate_queries[course.rolled_back]
    return Figures(
        scenario=name,
        runs=runs,
        rolled_back=len(back) / runs,
        rolled_back_queries=_quantile(back, 0.5),
        rolled_back_p90=_quantile(back, 0.9),
        device_named=float(np.mean(course.blamed[course.rolled_back] == 1)) if on_one_device and len(back) else None,
        promoted=float(course.promoted.mean()),
        promoted_queries=_quantile(course.candidate_queries[course.promoted], 0.5),
        promoted_all_queries=_quantile(course.queries[course.promoted], 0.5),
        peeked=None if rejected is None else len(rejected) / runs,
        peeked_queries=None if rejected is None else _quantile(rejected, 0.5),
    )


def _quantile(values: Ints, share: float) -> float | None:
    return float(np.quantile(values, share)) if len(values) else None
