"""Written thresholds over the monitor's windows: what static and adaptive policies find at a check.

The statistical policies need nothing from here: they judge what the detectors have found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.alarms.policy import ANY, Policies, Policy
from monitoring.alarms.thresholds import Statistical, WindowStatistics
from monitoring.findings import Finding
from monitoring.monitor import Judge, Monitor
from monitoring.slices import EVERYTHING


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What a window usually is."""

    requests: int
    mean: float
    quantiles: NDArray[np.float32]
    """In the order of the ranks that were asked for; NaN where nothing is known."""


def judge_of(policies: Policies) -> Judge:
    """Holds the sliding window of every signal and slice that a written threshold names against it."""
    written = [one for one in policies.policy.values() if not isinstance(one.threshold, Statistical)]
    ranks = sorted(policies.quantiles())

    def judge(monitor: Monitor, now: float) -> list[Finding]:
        wanted = sorted({pair for policy in written for pair in _watched(policy, monitor)})
        return list(policies.evaluate([statistics(monitor, *pair, ranks, now) for pair in wanted]))

    return judge


def statistics(monitor: Monitor, code: int, signal: int, ranks: Sequence[float], now: float) -> WindowStatistics:
    """The window that ends at `now`, of a slice and a signal by their numbers, beside what it usually is."""
    since = now - monitor.windows.window_s
    totals = monitor.panes.between(since, now + monitor.rule.pane_s, len(monitor.table))
    usual = _usual(monitor, code, signal, ranks, now)
    return WindowStatistics(
        signal=monitor.signals[signal].name,
        slice=monitor.table[code],
        since=since,
        at=now,
        requests=int(totals.n[code, signal]),
        mean=float(totals.means[code, signal]),
        reference_requests=usual.requests,
        reference_mean=usual.mean,
        quantiles=_by_rank(ranks, monitor.windows.quantiles(code, signal, ranks)),
        reference_quantiles=_by_rank(ranks, usual.quantiles),
    )


def _watched(policy: Policy, monitor: Monitor) -> Iterator[tuple[int, int]]:
    """Numbers of the slices and signals that a policy watches."""
    signals = [i for i, one in enumerate(monitor.watched.signals) if {one.name, ANY} & set(policy.signals)]
    for combination in monitor.table.combinations:
        if policy.slices is None or set(combination) in map(set, policy.slices):
            for code in monitor.table.of(combination):
                yield from ((code, signal) for signal in signals)


def _usual(monitor: Monitor, code: int, signal: int, ranks: Sequence[float], now: float) -> Usual:
    """The same hour of last week, for all events and if it was seen; else everything older."""
    hour = monitor.windows.last_week(now)
    if code == EVERYTHING and hour is not None and hour.n[signal]:
        quantiles = hour.sketches.quantiles(code, signal, ranks)
        return Usual(int(hour.n[signal]), float(hour.sums[signal] / hour.n[signal]), quantiles)
    quantiles = monitor.windows.usual_quantiles(code, signal, ranks)
    expected = monitor.shifts.expected
    if expected is None or code >= len(expected.pooled.own):
        return Usual(0, np.nan, quantiles)
    requests, mean = expected.pooled.own[code, signal], expected.pooled.means[code, signal]
    return Usual(int(requests), float(mean), quantiles)


def _by_rank(ranks: Sequence[float], quantiles: NDArray[np.float32]) -> dict[float, float]:
    return dict(zip(ranks, quantiles.tolist(), strict=True))
