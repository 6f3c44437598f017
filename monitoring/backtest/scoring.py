"""From alarms and the truth to figures: delay, misses, false alarms, and how sure these are.

Pure functions over records. What is undefined is None: the median delay when half of the changes were missed, a rate
over no requests. Knows no detector and no stream.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.backtest.intervals import Interval, binomial_interval, poisson_interval
from monitoring.backtest.truth import Truth
from monitoring.findings import Slice, slice_name

SAME_WITHIN_S: Final = 3600.0
"""Alarms for one slice that follow each other within this are one alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A detector says that something changed."""

    at_s: float
    slice: Slice
    signal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One stream, judged."""

    requests: int
    """In the whole stream."""
    false_alarms: tuple[Alarm, ...]
    """Each run of alarms for one slice counts once."""
    truth: Truth | None = None
    """None for a stream in which nothing changed."""
    delay_requests: int | None = None
    """Requests of the slice from the change to the alarm; None where it was missed, or there was nothing to find."""
    delay_s: float | None = None
    found_as: Slice | None = None
    """The slice that the first right alarm named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Many trials of one detector."""

    faults: int
    """Streams in which something went wrong."""
    missed: int
    missed_share: float | None
    missed_ci95: Interval | None
    median_requests: float | None
    """Median delay, a miss being longer than any; None where half were missed."""
    p90_requests: float | None
    median_hours: float | None
    exactly_named: float | None
    """Share of what was found whose first alarm named the slice and no other."""
    found_as: Mapping[str, int]
    """How often each slice was named first."""
    requests: int
    false_alarms: int
    false_by_signal: Mapping[str, int]
    false_per_million: float | None
    false_ci95: Interval | None


def overlap(one: Slice, other: Slice) -> bool:
    """Can a request be of both?

    >>> overlap((("app_version", "5.2"),), (("device_model", "phone"),))
    True
    >>> overlap((("device_model", "speaker"),), (("device_model", "phone"),))
    False
    """
    values = dict(one)
    return all(values.get(field, value) == value for field, value in other)


def names(alarm: Slice, truth: Slice) -> bool:
    """Does an alarm for a slice say whom a change concerns? It must share a field with it and contradict none.

    A change of everything is named by any alarm. An alarm for everything names nothing else.

    >>> names((("device_model", "phone"),), (("app_version", "5.2"), ("device_model", "phone")))
    True
    >>> names((), (("device_model", "phone"),))
    False
    """
    return overlap(alarm, truth) and (not truth or bool(set(alarm) & set(truth)))


def judge(
    alarms: Sequence[Alarm], truth: Truth | None, *, requests: int, slice_at_s: NDArray[np.float64] | None = None
) -> Trial:
    """Hold alarms against the truth; `slice_at_s` is when the requests of its slice came, in order, shape (n,).

    False is an alarm before the change, one for a slice that it does not touch, and each one where nothing is wrong.
    An alarm for a slice that shares some of the requests, as for everything, is neither false nor an answer.
    """
    fault = truth if truth is not None and truth.is_fault else None
    after = [one for one in alarms if fault and one.at_s >= fault.at_s and overlap(one.slice, fault.slice)]
    false = [one for one in alarms if one not in after]
    trial = Trial(requests=requests, false_alarms=tuple(grouped(false)), truth=truth)
    right = [one for one in after if fault and names(one.slice, fault.slice)]
    if fault is None or not right:
        return trial
    first = min(right, key=lambda one: (one.at_s, one.slice != fault.slice))
    seen_s = np.empty(0) if slice_at_s is None else slice_at_s
    return Trial(
        requests=requests,
        false_alarms=trial.false_alarms,
        truth=truth,
        delay_requests=int(((seen_s >= fault.at_s) & (seen_s <= first.at_s)).sum()),
        delay_s=first.at_s - fault.at_s,
        found_as=first.slice,
    )


def grouped(alarms: Sequence[Alarm], *, within_s: float = SAME_WITHIN_S) -> list[Alarm]:
    """The first of each run of alarms for one slice that follow each other within a time."""
    last_s: dict[Slice, float] = {}
    firsts = []
    for one in sorted(alarms, key=lambda one: one.at_s):
        if one.at_s - last_s.get(one.slice, -inf) > within_s:
            firsts.append(one)
        last_s[one.slice] = one.at_s
    return firsts


def score(trials: Sequence[Trial]) -> Score:
    """The figures of trials of one detector."""
    faults = [one for one in trials if one.truth is not None and one.truth.is_fault]
    found = [one for one in faults if one.found_as is not None]
    requests, false = sum(one.requests for one in trials), [alarm for one in trials for alarm in one.false_alarms]
    missed, per_million = len(faults) - len(found), 1e6 / requests if requests else None
    delays = [float(one.delay_requests) if one.delay_requests is not None else inf for one in faults]
    hours = [one.delay_s / 3600 if one.delay_s is not None else inf for one in faults]
    named = [one.truth is not None and one.found_as == one.truth.slice for one in found]
    around = poisson_interval(len(false))
    return Score(
        faults=len(faults),
        missed=missed,
        missed_share=missed / len(faults) if faults else None,
        missed_ci95=binomial_interval(missed, len(faults)) if faults else None,
        median_requests=quantile(delays, 0.5),
        p90_requests=quantile(delays, 0.9),
        median_hours=quantile(hours, 0.5),
        exactly_named=sum(named) / len(named) if named else None,
        found_as=dict(Counter(slice_name(one.found_as) for one in found if one.found_as is not None)),
        requests=requests,
        false_alarms=len(false),
        false_by_signal=dict(Counter(alarm.signal for alarm in false)),
        false_per_million=len(false) * per_million if per_million else None,
        false_ci95=Interval(low=around.low * per_million, high=around.high * per_million) if per_million else None,
    )


def quantile(delays: Sequence[float], share: float) -> float | None:
    """The smallest delay that at least this share does not exceed; None where that is infinite or there are none.

    >>> quantile([10.0, 20.0, inf], 0.5), quantile([10.0, inf, inf], 0.5)
    (20.0, None)
    """
    if not delays:
        return None
    value = float(np.quantile(np.array(delays), share, method="inverted_cdf"))
    return value if value < inf else None
