"""The production monitor as a system, on numbers whose law is known."""

from collections.abc import Callable

from monitoring.backtest.production import Production
from monitoring.backtest.replay import diagnosed
from monitoring.backtest.runner import Course, run
from monitoring.backtest.scoring import score
from monitoring.events import Event
from monitoring.monitor import Monitor
from monitoring.watched import Watched
from tests.monitoring.backtest.conftest import PHONE, SIGNALS

WATCHED = Watched(signals=SIGNALS, combinations=((), ("device_model",)))


def test_it_finds_and_names_a_shift_and_is_calm_else(made_course: Callable[..., Course]) -> None:
    system = Production(Monitor(WATCHED))
    trials = run(system, [made_course(faults=3, calm=2)])
    found = score(trials)
    assert (found.faults, found.missed, found.false_alarms) == (3, 0, 0)
    assert found.exactly_named == 1.0
    assert found.median_requests is not None
    assert found.median_requests <= 100
    assert run(system, [made_course(faults=3, calm=2)]) == trials


def test_each_diagnosis_is_told_once_when_it_comes_up(made_course: Callable[..., Course]) -> None:
    course = made_course(faults=1)
    names = [signal.name for signal in SIGNALS]
    stream = [
        Event(event_id=str(number), request_id=str(number), at=at, kind="voice", slices=slices, signals=signals)
        for ticks, later_s in ((course.reference, 0.0), (course.streams[0].ticks, 4000.0))
        for number, (at, values, slices) in enumerate(
            (at + later_s, values, slices)
            for tick in ticks()
            for at, values, slices in zip(tick.columns.at, tick.columns.values, tick.columns.slices, strict=True)
        )
        for signals in [dict(zip(names, map(float, values), strict=True))]
    ]
    told = list(diagnosed(Monitor(WATCHED), stream, every=100))
    assert told
    assert told[0][1].slice == PHONE
    assert 5000.0 <= told[0][0] <= 5400.0
