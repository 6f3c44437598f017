"""The search for the highest rate against a simulated queue whose answer is known."""

import numpy as np
import pytest

from serving.bench.capacity import find_highest_rate
from serving.bench.load import poisson_arrivals
from serving.bench.measures import LoadRun, Outcome, Sample, summarize

SERVICE_S = 0.02


def simulate(rate_per_s: float) -> LoadRun:
    """One server, Poisson arrivals, constant service (M/D/1), by Lindley's recursion; no clock."""
    free_s, samples = 0.0, []
    for arrival_s in poisson_arrivals(rate_per_s, 2000, np.random.default_rng(7)).tolist():
        free_s = max(free_s, arrival_s) + SERVICE_S
        samples.append(Sample(arrival_s, arrival_s, free_s, Outcome.OK))
    return summarize(samples, seconds=2000, offered_per_s=rate_per_s, limit_ms=100)


def p99_of(rate_per_s: float) -> float:
    run = simulate(rate_per_s)
    assert run.accepted is not None
    return run.accepted.p99_ms


@pytest.mark.parametrize("start", [1.0, 35.0, 400.0])
def test_finds_the_rate_from_any_start(start: float) -> None:
    found = find_highest_rate(simulate, start_per_s=start, tolerance=0.02, max_runs=30)
    assert found.highest_per_s is not None
    assert p99_of(found.highest_per_s) <= 100 < p99_of(found.highest_per_s * 1.03)
    assert found.highest_per_s in [run.offered_per_s for run in found.runs if run.holds]


def test_runs_are_bounded_and_recorded() -> None:
    found = find_highest_rate(simulate, start_per_s=1, tolerance=0.001, max_runs=4)
    assert [run.offered_per_s for run in found.runs] == [1, 2, 4, 8]
    assert found.highest_per_s == 8


def test_a_server_that_never_holds_has_no_rate() -> None:
    def hopeless(rate_per_s: float) -> LoadRun:
        return summarize([Sample(0, 0, 9, Outcome.OK)], seconds=1, offered_per_s=rate_per_s, limit_ms=100)

    found = find_highest_rate(hopeless, start_per_s=8, max_runs=5)
    assert found.highest_per_s is None
    assert [run.offered_per_s for run in found.runs] == [8, 4, 2, 1, 0.5]


def test_the_first_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        find_highest_rate(simulate, start_per_s=0)
