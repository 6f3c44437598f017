"""Rollouts, and what they need, for tests."""

from serving.rollouts.policy import Policy
from serving.rollouts.record import Rollout, Standing
from serving.rollouts.stages import Strategy
from serving.rollouts.steps import begin
from serving.variants.variant import CHAMPION, Variant

NOON = 1_700_000_000.0
OTHER = Variant(name="other", convention="verbatim")
SLOW = Variant(name="slow", model="slow-model")
CONFIGURED = {CHAMPION: Variant(name=CHAMPION), "other": OTHER, "slow": SLOW}


class Clock:
    """Time as a test sets it."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def rollout(strategy: Strategy = Strategy.CANARY) -> Rollout:
    return begin(Standing(), "other", strategy, Policy(), position=7, now=NOON)
