"""Every system on the same streams: it must find a shift of two deviations, and say of whom."""

from collections.abc import Callable

import pytest

from monitoring.backtest import systems
from monitoring.backtest.grid import Grid
from monitoring.backtest.runner import Course, run, trial
from monitoring.backtest.scoring import score
from tests.monitoring.backtest.conftest import PHONE, SIGNALS, stream


def made(kind: str, *, strictness: int = 0) -> Grid:
    return systems.grid(kind, SIGNALS, strictness=strictness, watched=("level", "null"), fields=("device_model",))


@pytest.mark.parametrize("kind", systems.KINDS)
def test_a_plain_shift_is_found_and_named(kind: str, made_course: Callable[..., Course]) -> None:
    trials = run(made(kind), [made_course()])
    found = score(trials)
    assert found.faults == 4
    assert found.missed == 0
    assert all(one.found_as == PHONE for one in trials)
    assert found.median_requests is not None
    assert found.median_requests <= 500


@pytest.mark.parametrize("kind", ["cusum", "fixed-threshold", "page-hinkley"])
def test_a_stricter_one_raises_no_more_false_alarms(kind: str, made_course: Callable[..., Course]) -> None:
    calm = made_course(faults=0, calm=3, ticks=200)
    counts = [score(run(made(kind, strictness=strictness), [calm])).false_alarms for strictness in (0, 4)]
    assert counts[1] <= counts[0]
    assert counts[1] == 0


def test_the_least_strict_without_a_false_alarm_is_taken(made_course: Callable[..., Course]) -> None:
    calm = made_course(faults=0, calm=3, ticks=200)

    def false_alarms(grid: Grid) -> int:
        return score(run(grid, [calm])).false_alarms

    taken = systems.tuned(lambda strictness: made("fixed-threshold", strictness=strictness), false_alarms)
    assert taken is not None
    assert taken.name != "fixed-threshold, as documented"
    assert false_alarms(taken) == 0
    assert systems.tuned(lambda strictness: made("cusum", strictness=strictness), lambda grid: 1) is None


def test_what_was_seldom_seen_is_not_watched() -> None:
    grid = made("cusum")
    assert trial(grid, stream(1, ticks=30, moves_at=10)).found_as is None


def test_a_system_is_left_as_it_is_and_trials_do_not_meet(made_course: Callable[..., Course]) -> None:
    grid = made("cusum")
    course = made_course(faults=3)
    assert run(grid, [course]) == run(grid, [course])
    assert trial(grid, course.streams[0]).found_as is None


def test_a_fault_that_is_found_ends_its_stream(made_course: Callable[..., Course]) -> None:
    found, calm = run(made("cusum"), [made_course(faults=1, calm=1)])
    assert found.requests < calm.requests == 4_000


def test_an_unknown_system_is_told() -> None:
    with pytest.raises(LookupError, match="no system 'oracle': there are cusum"):
        systems.grid("oracle", SIGNALS)
