"""Kind of drift, traffic, pace and costs: what is said of a cause."""

import numpy as np
import pytest

from monitoring.diagnosis.costs import costs_of
from monitoring.diagnosis.course import pace_of
from monitoring.diagnosis.drift import drift_of, left_at_equal_input
from monitoring.diagnosis.mix import shift_of_traffic
from monitoring.findings import FLEET, Drift, Pace
from monitoring.signals.signal import Group
from tests.monitoring.diagnosis.making import OLD, PHONE, evidence, finding

GROUPS = {"cut": Group.INPUT, "empty": Group.OUTPUT, "empty_at_equal_input": Group.OUTPUT}
WORSE = (0.2, 0.2, 0.0, 0.0)


def test_inputs_that_moved_are_data_drift() -> None:
    found = [finding("cut", PHONE), finding("empty", PHONE)]
    assert drift_of(PHONE, found, GROUPS, evidence({"cut": WORSE, "empty": WORSE})) is Drift.DATA


@pytest.mark.parametrize(("left", "drift"), [(0.2, Drift.CONCEPT), (0.15, Drift.CONCEPT), (0.02, Drift.DATA)])
def test_outcomes_that_moved_at_equal_inputs_are_concept_drift(left: float, drift: Drift) -> None:
    told = evidence({"empty": WORSE, "empty_at_equal_input": (left, left, 0.0, 0.0)})
    assert drift_of(PHONE, [finding("empty", PHONE)], GROUPS, told) is drift


def test_where_nothing_is_known_of_equal_inputs_the_drift_is_unknown() -> None:
    assert drift_of(PHONE, [finding("other", PHONE)], {}, evidence({})) is Drift.UNKNOWN
    assert left_at_equal_input("empty", (("device", "gone"),), evidence({})) is None
    assert left_at_equal_input("empty", PHONE, evidence({})) is None


def test_more_traffic_of_a_slice_that_was_always_worse_is_a_shift_of_traffic() -> None:
    told = evidence({}, usual=(100, 100, 900, 900), n=(600, 600, 900, 900), expected=(0.5, 0.5, 0.1, 0.1))
    cause = shift_of_traffic("cut", told)
    assert cause is not None
    assert cause.slice == PHONE
    assert cause.explained == pytest.approx(1.0)


@pytest.mark.parametrize("shifts", [WORSE, (0.1, 0.1, 0.1, 0.1)])
def test_a_fault_is_no_shift_of_traffic(shifts: tuple[float, ...]) -> None:
    assert shift_of_traffic("cut", evidence({"cut": shifts}, expected=(0.5, 0.5, 0.1, 0.1))) is None


def test_without_traffic_or_shift_there_is_no_shift_of_traffic() -> None:
    assert shift_of_traffic("cut", evidence({})) is None
    assert shift_of_traffic("cut", evidence({}, n=(0.0, 0.0, 0.0, 1.0), usual=(0.0, 0.0, 0.0, 1.0))) is None


def test_costs_are_outcomes_here_and_elsewhere() -> None:
    (cost,) = costs_of(PHONE, ["empty"], evidence({"empty": WORSE}))
    assert (cost.signal, cost.requests) == ("empty", 600)
    assert [cost.here, cost.elsewhere] == pytest.approx([0.3, 0.1])


def test_all_events_and_unknown_slices_have_no_costs() -> None:
    assert costs_of(FLEET, ["empty"], evidence({})) == ()
    assert costs_of((("device", "gone"),), ["empty"], evidence({})) == ()
    assert costs_of(OLD, ["empty"], evidence({}, n=(9, 0, 9, 0), usual=(9, 9, 9, 9))) == ()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("size", [-1.0, 1.0])
def test_a_jump_is_told_from_a_creep(seed: int, size: float) -> None:
    noise, n = np.random.default_rng(seed).normal(0, 0.1, 48), np.full(48, 100.0)
    assert pace_of(size * np.repeat([0.0, 1.0], 24) + noise, n, 0.0) is Pace.SHOCK
    assert pace_of(size * np.linspace(0.0, 1.0, 48) + noise, n, 0.0) is Pace.GRADUAL


def test_of_few_or_empty_panes_a_creep_is_not_claimed() -> None:
    assert pace_of(np.linspace(0.0, 1.0, 7), np.full(7, 9.0), 0.0) is Pace.SHOCK
    assert pace_of(np.linspace(0.0, 1.0, 40), np.zeros(40), 0.0) is Pace.SHOCK
    assert pace_of(np.array([]), np.array([]), 0.0) is Pace.SHOCK
    assert pace_of(np.zeros(40), np.full(40, 5.0), 0.0) is Pace.SHOCK
