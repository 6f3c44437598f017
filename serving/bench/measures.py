"""What one run of load amounts to: outcomes counted, latencies ranked. Pure: no clock, no socket."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Outcome(StrEnum):
    """How a request ended."""

    OK = "ok"
    SHED = "shed"
    """503: the server refused, being full."""
    RATE_LIMITED = "rate_limited"
    """429."""
    ERROR = "error"
    """Any other status, or the connection broke."""
    TIMEOUT = "timeout"


def outcome_of(status: int) -> Outcome:
    """The outcome that an HTTP status stands for."""
    if 200 <= status < 300:
        return Outcome.OK
    return {503: Outcome.SHED, 429: Outcome.RATE_LIMITED}.get(status, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class Sample:
    """One request; times are in seconds from the start of the run."""

    intended_s: float
    """When the schedule wanted it sent, whether or not the client managed to."""
    sent_s: float
    done_s: float
    outcome: Outcome
    detail: str = ""
    """For errors: status and beginning of the body, or the exception."""

    @property
    def latency_ms(self) -> float:
        """From the intended send time to the end of the reply, so a stalled server cannot hide its queue."""
        return (self.done_s - self.intended_s) * 1000


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Ranks of a set of times, in milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


def percentiles(times_ms: Sequence[float]) -> Percentiles | None:
    """Ranks by the nearest-rank rule: values that were measured, never one between two; None of nothing."""
    if not times_ms:
        return None
    p50, p95, p99, top = np.percentile(np.asarray(times_ms), [50, 95, 99, 100], method="inverted_cdf")
    return Percentiles(float(p50), float(p95), float(p99), float(top))


@dataclass(frozen=True, slots=True)
class LoadRun:
    """One run of load against one server."""

    offered_per_s: float | None
    """Mean rate of the Poisson arrivals; None for a closed loop."""
    connections: int | None
    """Number of clients of a closed loop; None for an open one."""
    seconds: float
    """For how long requests were sent."""
    sent: int
    outcomes: dict[Outcome, int]
    answers_per_s: float
    """Good answers a second, the time until the last one included."""
    accepted: Percentiles | None
    """Latency of the good answers, from their intended send time."""
    refusals: Percentiles | None
    """Time to a 503."""
    late_share: float | None
    """Share of all requests that got no good answer within the limit: a refusal counts as late."""
    limit_ms: float | None
    client_lag_p99_ms: float
    """How late the client itself sent: far below the latencies, or the run says nothing."""
    client_cpu_ms: float
    """CPU time of the client for each request."""
    failures: tuple[str, ...] = ()
    """Commonest errors, most frequent first."""

    @property
    def holds(self) -> bool:
        """Were 99 % of all requests answered well within the limit?"""
        return self.late_share is not None and self.late_share <= 0.01


def summarize(
    samples: Sequence[Sample],
    *,
    seconds: float,
    offered_per_s: float | None = None,
    connections: int | None = None,
    limit_ms: float | None = None,
    client_cpu_s: float = 0.0,
) -> LoadRun:
    """The record of one run, from its samples."""
    good = [sample for sample in samples if sample.outcome is Outcome.OK]
    shed = [sample for sample in samples if sample.outcome is Outcome.SHED]
    lag = percentiles([(sample.sent_s - sample.intended_s) * 1000 for sample in samples])
    span_s = max([seconds, *(sample.done_s for sample in good)])
    counts = Counter(sample.outcome for sample in samples)
    details = Counter(sample.detail for sample in samples if sample.detail)
    return LoadRun(
        offered_per_s=offered_per_s,
        connections=connections,
        seconds=seconds,
        sent=len(samples),
        outcomes={outcome: counts[outcome] for outcome in Outcome},
        answers_per_s=len(good) / span_s,
        accepted=percentiles([sample.latency_ms for sample in good]),
        refusals=percentiles([sample.latency_ms for sample in shed]),
        late_share=_late_share(samples, limit_ms),
        limit_ms=limit_ms,
        client_lag_p99_ms=lag.p99_ms if lag else 0.0,
        client_cpu_ms=client_cpu_s * 1000 / max(1, len(samples)),
        failures=tuple(detail for detail, _ in details.most_common(3)),
    )


def _late_share(samples: Sequence[Sample], limit_ms: float | None) -> float | None:
    if limit_ms is None or not samples:
        return None
    late = sum(sample.outcome is not Outcome.OK or sample.latency_ms > limit_ms for sample in samples)
    return late / len(samples)
