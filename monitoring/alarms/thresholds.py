"""When a signal has gone too far: thresholds as objects apart from the metric, and windows that are held against them.

Knows no policy and no alarm. Every threshold speaks one language, evidence: 1 and more opens an alarm, what is at or
below `keeps_above` no longer keeps one open, and between them lies the hysteresis.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitoring.findings import Finding, Slice

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
Statistic = Literal["mean"] | Share
"""The mean, or a quantile as a share of 1."""
Side = Literal["above", "below"]


class Table(BaseModel):
    """A table of a policy file; an unknown key is an error, and so is a number in quotes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStatistics:
    """What a signal was in a slice in one window of time, and in the reference that belongs to that window."""

    signal: str
    slice: Slice
    since: float
    """Begin of the window, seconds since 1970 UTC."""
    at: float
    """End of the window."""
    requests: int
    """Events with that signal in the window."""
    mean: float
    reference_requests: int
    reference_mean: float
    quantiles: Mapping[float, float]
    """Of the window, by their share."""
    reference_quantiles: Mapping[float, float]
    examples: tuple[str, ...] = ()
    """Ids of a few requests of the window."""


@dataclass(frozen=True, slots=True)
class Band:
    """A value between a level that opens an alarm and one that closes it; either may be the higher."""

    value: float
    level: float
    clear: float

    @property
    def evidence(self) -> float:
        """1 at the level, 0 where it is clear again; not a number where one of the three is none.

        >>> Band(value=0.3, level=0.2, clear=0.1).evidence
        2.0
        """
        width = self.level - self.clear
        return round((self.value - self.clear) / width, 6) if width else math.nan


class Static(Table):
    """A level that was written down."""

    kind: Literal["static"]
    of: Statistic = "mean"
    """What of the window is held against it: the mean, or a quantile as a share of 1."""
    above: Finite | None = None
    """Too far is at or above this."""
    below: Finite | None = None
    """Too far is at or below this."""
    clear: Finite
    """Well again is at this level, which lies on the good side of the other."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        if not (self.clear < self.above if self.above is not None else self.clear > self.level):
            raise ValueError("clear does not lie on the good side of the level")
        return self

    @property
    def level(self) -> float:
        """Where too far begins."""
        level = self.below if self.above is None else self.above
        return math.nan if level is None else level

    def band(self, window: WindowStatistics) -> Band:
        """Where the window lies."""
        return Band(_statistic(self.of, window.mean, window.quantiles), self.level, self.clear)


class Adaptive(Table):
    """A level learnt from the reference, such as the same hour of last week."""

    kind: Literal["adaptive"]
    of: Statistic = "mean"
    """What of the window is held against it: the mean, or a quantile as a share of 1."""
    side: Side
    """Which way is too far."""
    quantile: Share | None = None
    """The level is this quantile of the reference."""
    ratio: Positive | None = None
    """Or the level is the reference's own value times this."""
    least_change: Positive
    """The level is at least so far from the reference's own value."""
    clear_share: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Well again is at this share of the way from the reference's own value to the level."""
    min_reference_requests: Annotated[int, Field(ge=1)] = 200
    """Nothing is learnt from a smaller reference."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.quantile is None) == (self.ratio is None):
            raise ValueError("give either quantile or ratio")
        return self

    def band(self, window: WindowStatistics) -> Band | None:
        """Where the window lies; None while the reference is too small."""
        if window.reference_requests < self.min_reference_requests:
            return None
        usual = _statistic(self.of, window.reference_mean, window.reference_quantiles)
        if self.ratio is None:
            learnt = _statistic(self.quantile or 0.5, window.reference_mean, window.reference_quantiles)
        else:
            learnt = usual * self.ratio
        sign = 1.0 if self.side == "above" else -1.0
        level = usual + sign * max(sign * (learnt - usual), self.least_change)
        value = _statistic(self.of, window.mean, window.quantiles)
        return Band(value, level, usual + self.clear_share * (level - usual))


class Statistical(Table):
    """What the detectors find, where it is large enough to matter."""

    kind: Literal["statistical"]
    side: Side | Literal["either"] = "either"
    """Which way of moving counts."""
    min_effect: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Least change of the mean, in the unit of the signal; of a rate, in shares of 1."""
    min_evidence: Positive = 1.0
    """Least evidence of the detector."""
    clear_evidence: Positive = 0.5
    """What has less evidence keeps no alarm open."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.clear_evidence > self.min_evidence:
            raise ValueError("clear_evidence is above min_evidence")
        return self


Threshold = Annotated[Static | Adaptive | Statistical, Field(discriminator="kind")]


def finding_of(threshold: Static | Adaptive, window: WindowStatistics, *, detector: str) -> Finding | None:
    """What the threshold says of the window: a finding while it is not well again; evidence is 1 at the level.

    Without a reference, `before` is the level at which it is well. None too where there is no number to say. Raises
    ValueError for a quantile that is absent.
    """
    band = threshold.band(window)
    if band is None or window.requests <= 0 or not band.evidence > 0:
        return None
    usual = window.reference_mean if threshold.of == "mean" else window.reference_quantiles.get(threshold.of, math.nan)
    return Finding(
        signal=window.signal,
        slice=window.slice,
        detector=detector,
        at=window.at,
        since=window.since,
        before=usual if math.isfinite(usual) else band.clear,
        after=band.value,
        requests=window.requests,
        evidence=band.evidence,
        examples=window.examples,
    )


def _statistic(of: str | float, mean: float, quantiles: Mapping[float, float]) -> float:
    if not isinstance(of, float):
        return mean
    if of not in quantiles:
        raise ValueError(f"the window comes without the quantile {of:g}")
    return quantiles[of]
