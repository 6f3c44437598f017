"""What a rollout must respect: its steps, its guardrails, and how often it may err. Knows no evidence.

Read from TOML or JSON; whatever contradicts itself is one clear error.
"""

from enum import StrEnum
from itertools import pairwise
from math import isfinite
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from monitoring.events import SignalValue
from monitoring.signals.signal import Worse
from serving.section import NotNegative, Positive, Section, Share

Chance = Annotated[float, Field(gt=0, lt=0.5)]
Part = Annotated[float, Field(gt=0, le=1)]
WIDEST: Final = 0.9
"""No test asks whether a share differs by more than that."""


class Kind(StrEnum):
    """How values become evidence."""

    SHARE = "share"
    """Each is good or bad."""
    MEAN = "mean"
    """Each counts by its size, up to the limit."""


class Guardrail(Section):
    """One signal that a candidate must not worsen."""

    signal: Annotated[str, Field(min_length=1, max_length=100)]
    """As monitors name it."""
    margin: Positive
    """The harm to all users that is still tolerated: of a share, as a difference of shares; of a mean, in its unit."""
    part: Part
    """Of the policy's `alpha`."""
    worse: Worse = Worse.HIGHER
    """`higher` or `lower`."""
    kind: Kind = Kind.SHARE
    limit: Positive | None = None
    """Of a share: numbers beyond it are bad; absent: what is not zero. Of a mean: larger numbers count as this one."""
    dispersion: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.0
    """How much more counts vary than those of independent queries, as where users repeat theirs; evidence is divided
    by it. `serving.rollouts.dispersion` measures it."""

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        if self.worse is Worse.EITHER:
            raise ValueError(f"guardrail {self.signal!r}: worse must be higher or lower")
        if self.kind is Kind.MEAN and self.limit is None:
            raise ValueError(f"guardrail {self.signal!r}: a mean needs a limit, the largest value that counts")
        if self.scaled_margin >= 1:
            raise ValueError(f"guardrail {self.signal!r}: a margin of {self.margin:g} can never be passed")
        return self

    @property
    def scale(self) -> float:
        """What one whole bad value is worth in the signal's unit."""
        return self.limit if self.kind is Kind.MEAN and self.limit is not None else 1.0

    @property
    def scaled_margin(self) -> float:
        """The margin as a difference of numbers in [0, 1]."""
        return self.margin / self.scale

    def badness(self, value: SignalValue) -> float | None:
        """How bad a value is, in [0, 1]; None where it is not known.

        >>> slow = Guardrail(signal="total_ms", margin=0.01, part=0.08, limit=500.0)
        >>> slow.badness(620.0), slow.badness(80.0), slow.badness(None)
        (1.0, 0.0, None)
        """
        if value is None or not isfinite(value):
            return None
        if self.kind is Kind.MEAN:
            high = min(max(value / self.scale, 0.0), 1.0)
            return high if self.worse is Worse.HIGHER else 1.0 - high
        if self.limit is None:
            return float(bool(value) is (self.worse is Worse.HIGHER))
        return float(value > self.limit if self.worse is Worse.HIGHER else value < self.limit)

    def allowed(self, share: float) -> float:
        """Largest difference, in [0, 1], at which all users together lose no more than the margin while that share of
        them has the candidate."""
        return min(self.scaled_margin / share, WIDEST)


GUARDRAILS: Final = (
    Guardrail(signal="null_transcript", margin=0.005, part=0.5),
    Guardrail(signal="error", margin=0.005, part=0.1),
    Guardrail(signal="total_ms", margin=0.01, part=0.08, limit=500.0),
    Guardrail(signal="redo", margin=0.015, part=0.06),
    Guardrail(signal="zero_results", margin=0.01, part=0.04),
    Guardrail(signal="switched_to_typing", margin=0.01, part=0.04),
    Guardrail(signal="clicked", margin=0.02, part=0.04, worse=Worse.LOWER),
    Guardrail(signal="confidence", margin=0.02, part=0.04, worse=Worse.LOWER, limit=0.5),
)
"""Of voice search: each is a share, of answers over 500 ms and under a confidence of 0.5 among them."""


class ShadowPolicy(Section):
    """What the shadow must show before any user gets the candidate. Both variants hear the same recordings."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Of the champion's queries, those that the candidate hears too."""
    min_pairs: Annotated[int, Field(ge=1)] = 300
    """Recordings that both heard."""
    min_s: NotNegative = 600.0
    """Time in the shadow."""
    null_margin: Annotated[float, Field(gt=0, lt=1)] = 0.005
    """More queries without a word."""
    failure_margin: Annotated[float, Field(gt=0, lt=1)] = 0.005
    """Queries that only the candidate fails."""
    confidence_limit: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """A transcript under this confidence is unsure."""
    confidence_margin: Annotated[float, Field(gt=0, lt=1)] = 0.02
    """More transcripts whose confidence is under the limit."""
    most_disagreement: Share = 0.3
    """With another first result for a larger share of the queries, a person is asked: it may be better or worse."""
    part: Part = 0.1
    """Of the policy's `alpha`."""

    @property
    def margins(self) -> dict[str, float]:
        """By the name of what is paired."""
        return {"null": self.null_margin, "failed": self.failure_margin, "low_confidence": self.confidence_margin}


class Step(Section):
    """A share of the users, and what it takes to leave it."""

    share: Part
    """Of the users, those who get the candidate."""
    min_requests: Annotated[int, Field(ge=1)] = 200
    """Queries assigned to the candidate, for each guardrail."""
    min_s: NotNegative = 600.0
    """Time."""


def _step(value: object) -> object:
    return {"share": value} if isinstance(value, int | float) else value


class Policy(Section):
    """How a candidate reaches all users, and what stops it."""

    steps: tuple[Annotated[Step, BeforeValidator(_step)], ...] = tuple(
        Step(share=share) for share in (0.05, 0.1, 0.25, 0.5, 1.0)
    )
    """Tables, or just their shares. The last share is 1, which is the promotion."""
    patience_s: Positive = 86_400.0
    """After so long in a step or in the shadow a person is asked."""
    alpha: Chance = 0.02
    """Chance that a candidate which is no worse is ever rolled back: all guardrails, slices and looks together."""
    beta: Chance = 0.05
    """Chance that a step is taken although the harm after it would exceed the margin."""
    imbalance_alpha: Chance = 0.001
    """Chance of a false alarm about how users are assigned."""
    fleet_part: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """Of each guardrail's part, what is for all users together; the rest is for device models."""
    max_slices: Annotated[int, Field(ge=1, le=200)] = 20
    """Device models that are judged by themselves: the first that the candidate meets."""
    shadow: ShadowPolicy = ShadowPolicy()
    guardrails: tuple[Guardrail, ...] = GUARDRAILS

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if not self.steps or not self.guardrails:
            raise ValueError("there must be a step and a guardrail")
        shares = [step.share for step in self.steps]
        if any(after <= before for before, after in pairwise(shares)):
            raise ValueError("steps must rise: " + ", ".join(f"{share:g}" for share in shares))
        if shares[-1] != 1:
            raise ValueError(f"the last step must be 1, all users, not {shares[-1]:g}")
        names = [guardrail.signal for guardrail in self.guardrails]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"there are two guardrails for {twice[0]!r}")
        if max(self.shadow.min_s, *(step.min_s for step in self.steps)) >= self.patience_s:
            raise ValueError(f"patience_s of {self.patience_s:g} ends before the minimum time of a step")
        spent = sum(guardrail.part for guardrail in self.guardrails) + self.shadow.part
        if spent > 1 + 1e-9:
            raise ValueError(f"the parts of alpha add up to {spent:g}, over 1")
        return self

    @property
    def shadow_share(self) -> float:
        """Of the champion's queries, those that the candidate hears for nothing."""
        return self.shadow.share

    def step_at(self, share: float) -> Step:
        """The step that users are in at that share."""
        return max(
            (step for step in self.steps if step.share <= share), key=lambda step: step.share, default=self.steps[0]
        )

    def next_share(self, share: float) -> float:
        """The step after that share; 1 where there is none.

        >>> Policy().next_share(0.05)
        0.1
        """
        return next((step.share for step in self.steps if step.share > share), 1.0)
