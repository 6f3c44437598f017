"""Percentiles on known data, and a run's record from known samples."""

import pytest

from serving.bench.measures import Outcome, Percentiles, Sample, outcome_of, percentiles, summarize


def test_percentiles_are_measured_values() -> None:
    assert percentiles(range(1, 101)) == Percentiles(50, 95, 99, 100)
    assert percentiles([7.0]) == Percentiles(7, 7, 7, 7)
    assert percentiles([3, 1, 2]) == Percentiles(2, 3, 3, 3)
    assert percentiles([]) is None


def test_outcomes() -> None:
    found = [outcome_of(status) for status in (200, 204, 503, 429, 400, 500, 301)]
    assert found == [Outcome.OK, Outcome.OK, Outcome.SHED, Outcome.RATE_LIMITED, *[Outcome.ERROR] * 3]


def test_a_run_is_summarized() -> None:
    samples = [
        Sample(0.0, 0.5, 1.0, Outcome.OK),
        Sample(1.0, 1.0, 1.1, Outcome.OK),
        Sample(1.0, 1.0, 1.01, Outcome.SHED),
        Sample(2.0, 2.0, 4.0, Outcome.OK),
    ]
    run = summarize(samples, seconds=2, offered_per_s=2, limit_ms=500, client_cpu_s=0.004)
    assert run.accepted is not None
    assert run.accepted.p50_ms == 1000, "from the intended time, not from the time of sending"
    assert run.answers_per_s == 3 / 4, "over the time until the last answer"
    assert run.refusals is not None
    assert run.refusals.p50_ms == pytest.approx(10)
    assert run.late_share == 3 / 4, "two late, one refused"
    assert run.client_lag_p99_ms == 500
    assert run.client_cpu_ms == 1
    assert not run.holds


def test_one_in_a_hundred_may_be_late() -> None:
    fine = [Sample(0, 0, 0.1, Outcome.OK)] * 99
    late = Sample(0, 0, 0.9, Outcome.OK)
    assert summarize([*fine, late], seconds=1, limit_ms=500).holds
    assert not summarize([*fine, late, late], seconds=1, limit_ms=500).holds
    assert not summarize(fine, seconds=1).holds, "without a limit nothing is held"


def test_a_run_without_requests_has_no_latency() -> None:
    run = summarize([], seconds=1, limit_ms=500)
    assert (run.sent, run.accepted, run.refusals, run.late_share, run.holds) == (0, None, None, None, False)
