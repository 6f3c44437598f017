from dataclasses import replace

import numpy as np
import pytest

from monitoring.diagnosis.causes import causes_of
from monitoring.findings import FLEET, Slice, compatible, contains
from tests.monitoring.diagnosis.making import NEW, OLD, PAIRS, PHONE, TABLET, evidence


@pytest.mark.parametrize(
    ("shifts", "found_in", "cause"),
    [
        ((0.4, 0.4, 0.0, 0.0), PHONE, PHONE),
        ((0.0, 0.4, 0.0, 0.4), NEW, NEW),
        ((0.0, 0.6, 0.0, 0.0), PAIRS[1], PAIRS[1]),
        ((0.0, 0.6, 0.0, 0.0), PHONE, PAIRS[1]),
        ((-0.1, -0.1, 0.0, 0.0), PHONE, PHONE),
    ],
)
def test_the_slice_that_explains_the_shift_best_comes_first(
    shifts: tuple[float, ...], found_in: Slice, cause: Slice
) -> None:
    causes = causes_of("cut", [found_in], evidence({"cut": shifts}))
    assert causes[0].slice == cause
    assert causes[0].explained == pytest.approx(1.0)
    assert all(0 <= one.explained <= 1 for one in causes)


def test_without_any_shift_the_slice_of_the_finding_is_the_cause() -> None:
    (cause,) = causes_of("cut", [PHONE], evidence({}))
    assert (cause.slice, cause.explained) == (PHONE, 1.0)


def test_a_slice_that_is_not_known_is_its_own_cause() -> None:
    gone = (("device", "gone"),)
    assert causes_of("cut", [gone], evidence({}))[0].slice == gone


def test_slices_that_share_no_event_are_no_cause_of_one_another() -> None:
    causes = causes_of("cut", [TABLET], evidence({"cut": (0.5, 0.5, 0.1, 0.1)}))
    assert PHONE not in [one.slice for one in causes]


def test_compatible_and_contains() -> None:
    assert compatible(PHONE, NEW)
    assert not compatible(PHONE, TABLET)
    assert not compatible(OLD, PAIRS[1])
    assert contains(FLEET, PHONE)
    assert contains(PHONE, PAIRS[0])
    assert not contains(PAIRS[0], PHONE)


def test_a_new_version_that_holds_the_shift_of_its_device_is_named_although_it_is_hardly_known() -> None:
    seen = evidence({"cut": (0.0, 0.6, 0.0, 0.0)})
    known = [50.0 * (one == PHONE) for one in seen.slices]
    gains = np.zeros_like(seen.gains)
    gains[:, seen.signals.index("cut")] = known
    causes = causes_of("cut", [PHONE], replace(seen, gains=gains))
    assert causes[0].slice == PAIRS[1]
    assert PHONE in [one.slice for one in causes]
