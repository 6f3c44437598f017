import numpy as np
import pytest
from numpy.random import default_rng

from monitoring.detectors.cusum import BernoulliCusum
from monitoring.histogram import Histogram
from monitoring.reference import Reference
from monitoring.scores import Direction
from monitoring.shift import ShiftDetector
from monitoring.signals.signal import Signal
from monitoring.slices import SliceTable
from tests.monitoring.streams import Draw, Streams, normal, share
from tests.monitoring.watching import FAILED, SIZE, Array, tally_of


def sometimes(value: float) -> Draw:
    return lambda rng, n: np.where(rng.random(n) < 0.2, value, rng.normal(size=n))


def one(values: Array | float, histogram: Histogram, detector: ShiftDetector, *, began: float = 0.0) -> None:
    detector.update(tally_of(histogram, np.atleast_1d(np.asarray(values, float)), 1), began=began)


QUIET = {
    "a share": (FAILED, share(0.03)),
    "a small share": (FAILED, share(0.002)),
    "a large share": (FAILED, share(0.3)),
    "a normal number": (SIZE, normal(5.0)),
    "a heavy tail": (SIZE, lambda rng, n: rng.standard_cauchy(n)),
    "a number with an atom": (SIZE, lambda rng, n: np.maximum(0.0, rng.normal(size=n))),
}


@pytest.mark.parametrize("learnt", [10, 5_000])
@pytest.mark.parametrize(("signal", "draw"), QUIET.values(), ids=QUIET)
def test_false_alarms_are_no_more_than_promised_however_little_is_known(
    signal: Signal, draw: Draw, learnt: int
) -> None:
    run = 2_000.0
    streams = Streams(signal, draw, streams=300, learnt=learnt, run=run)
    alarms, values = 0, 1_500
    for _ in range(values // 5):
        streams.update(draw(streams.rng, 300 * 5).reshape(300, 5))
        for shift in streams.detector.shifts():
            alarms += 1
            streams.detector.forget(shift.code)
            streams.detector.expect(streams.reference.expected(0.0))
    assert alarms <= 300 * values / run


@pytest.mark.parametrize("each", [1, 7, 100])
def test_false_alarms_are_no_more_than_promised_in_batches_of_any_size(each: int) -> None:
    run, values = 2_000.0, 1_500
    found = Streams(FAILED, share(0.1), streams=400, run=run).run(share(0.1), values, each=each)
    assert 0 < len(found) <= 400 * values / run


@pytest.mark.parametrize(
    ("before", "after", "slower"), [(0.02, 0.06, 1.9), (0.03, 0.2, 1.6), (0.03, 0.85, 1.5), (0.6, 0.2, 1.8)]
)
def test_it_is_nearly_as_quick_as_the_cusum_that_knows_before_and_after(
    before: float, after: float, slower: float
) -> None:
    run, quiet = 1e7, 300
    streams = Streams(FAILED, share(before), run=run)
    assert not streams.run(share(before), quiet)
    delays = [delay for delay, _ in streams.run(share(after), 5_000).values()]
    best = []
    for seed in range(80):
        rng, optimal = default_rng(seed), BernoulliCusum(before=before, after=after, mean_run=run)
        for i, x in enumerate([*share(before)(rng, quiet), *share(after)(rng, 5_000)]):
            optimal.update(float(x))
            if optimal.drifted:
                best.append(i - quiet + 1)
                break
    assert len(delays) == streams.count
    assert np.median(delays) <= slower * np.median(best) + 1


MOVES = {
    "a share up": (FAILED, share(0.05), share(0.3), Direction.UP),
    "a share down": (FAILED, share(0.3), share(0.05), Direction.DOWN),
    "a number up": (SIZE, normal(0.0), normal(1.0), Direction.UP),
    "a number down": (SIZE, normal(0.0), normal(-1.0), Direction.DOWN),
    "some very low": (SIZE, normal(0.0), lambda r, n: np.where(r.random(n) < 0.2, -5, r.normal(size=n)), Direction.LOW),
    "some very high": (
        SIZE,
        normal(0.0),
        lambda r, n: np.where(r.random(n) < 0.2, 5, r.normal(size=n)),
        Direction.HIGH,
    ),
}


@pytest.mark.parametrize(("signal", "before", "after", "direction"), MOVES.values(), ids=MOVES)
def test_it_says_which_way_since_when_and_how_far(
    signal: Signal, before: Draw, after: Draw, direction: Direction
) -> None:
    streams, quiet = Streams(signal, before), 300
    assert not streams.run(before, quiet)
    found = [shift for _, shift in streams.run(after, 3_000, start=quiet).values()]
    assert len(found) == streams.count
    assert np.mean([shift.direction is direction for shift in found]) > 0.9
    assert np.median([abs(shift.since - quiet) for shift in found]) <= 10
    assert np.median([shift.after for shift in found]) == pytest.approx(np.mean(after(default_rng(2), 9_999)), abs=0.15)
    assert all(shift.evidence >= 1 and shift.n > 0 for shift in found)


@pytest.mark.parametrize("each", [1, 20])
def test_it_is_over_when_the_shift_is_and_not_before(each: int) -> None:
    streams = Streams(FAILED, share(0.03), streams=100)
    assert len(streams.run(share(0.2), 2_000, each=each)) == 100
    for _ in range(3_000 // each):
        streams.update(share(0.2)(streams.rng, 100 * each).reshape(100, each))
    assert streams.moved() >= 99
    for _ in range(2_000 // each):
        streams.update(share(0.03)(streams.rng, 100 * each).reshape(100, each))
    assert streams.moved() <= 2
    assert streams.detector.calm()[1:].mean() > 0.97


def test_after_the_end_it_finds_the_next() -> None:
    streams = Streams(FAILED, share(0.03), streams=50)
    for _ in range(2):
        assert len(streams.run(share(0.5), 200)) == 50
        for _ in range(2_000):
            streams.update(share(0.03)(streams.rng, 50)[:, None])
        assert streams.moved() <= 1


def test_batches_give_about_the_odds_of_single_events() -> None:
    delays = []
    for each in (1, 10, 100):
        streams = Streams(FAILED, share(0.02), streams=150)
        streams.run(share(0.02), 500, each=each)
        delays.append(np.median([delay for delay, _ in streams.run(share(0.06), 4_000, each=each).values()]))
    assert max(delays) - min(delays) <= 100 + 0.2 * delays[0]


def test_slices_together_give_exactly_what_each_gives_alone() -> None:
    together = Streams(SIZE, normal(0.0), streams=20)
    alone = ShiftDetector([SIZE], slices=21, combinations=1)
    alone.expect(together.reference.expected(0.0))
    for step in range(200):
        values = normal(0.5)(default_rng(step), 20 * 3).reshape(20, 3)
        together.update(values, began=float(step))
        for stream in range(20):
            alone.update(tally_of(together.histogram, values[stream], stream + 1), began=float(step))
    assert together.detector.shifts() == alone.shifts()
    assert together.moved() > 0


@pytest.mark.parametrize(("signal", "draw"), QUIET.values(), ids=QUIET)
@pytest.mark.parametrize("value", [-1e30, 0.0, 1.0, 1e30])
def test_a_million_equal_values_at_once_neither_overflow_nor_hide_what_comes(
    signal: Signal, draw: Draw, value: float
) -> None:
    streams = Streams(signal, draw, streams=3)
    million = np.full(1_000_000, value)
    one(million, streams.histogram, streams.detector)
    one(million[:7], streams.histogram, streams.detector)
    for shift in streams.detector.shifts():
        assert np.isfinite([shift.since, shift.after, shift.evidence]).all()
    assert np.isfinite(streams.detector._odds).all()
    for _ in range(60):
        streams.update(draw(streams.rng, 3 * 5_000).reshape(3, 5_000))
    assert streams.moved() == 0


def test_a_slice_that_differs_much_and_is_not_known_gives_finite_odds() -> None:
    """Between slices that differ much a new one is left so open that its tolerance is far out."""
    rng, table, histogram = default_rng(3), SliceTable([(), ("d",)], limit=40), Histogram([SIZE])
    histogram.bin_numbers(rng.normal(size=(5_000, 1)))
    reference = Reference(table, histogram, pane_s=300.0)
    for i in range(30):
        codes, _ = table.codes([{"d": str(i)}] * 30_000)
        reference.add(0, tally_of(histogram, rng.normal(3 * i % 5, 1.0, 30_000), codes))
    table.codes([{"d": "new"}])
    detector = ShiftDetector([SIZE], slices=40, combinations=2)
    reference.learn(detector.calm())
    detector.expect(reference.expected(0.0))
    detector.update(tally_of(histogram, rng.normal(2.0, 1.0, 500), table.code_of((("d", "new"),))), began=0.0)
    assert np.isfinite(detector._odds).all()
    assert np.isfinite(detector._tilts).all()
    assert detector.calm().all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_signal_that_never_changed_is_quiet_until_it_does(value: float) -> None:
    for signal in (FAILED, SIZE):
        streams = Streams(signal, lambda _, n: np.full(n, value), streams=50)
        assert not streams.run(lambda _, n: np.full(n, value), 3_000, each=10)
        found = streams.run(lambda rng, n: (rng.random(n) < 0.5).astype(float), 100)
        assert len(found) == 50


def test_a_slice_that_is_known_from_ten_events_is_not_alarmed_by_its_own_chance() -> None:
    found = [Streams(FAILED, share(0.5), streams=300, learnt=10, seed=seed).run(share(0.5), 500) for seed in range(3)]
    assert sum(map(len, found)) <= 3


def test_nothing_is_judged_before_anything_is_known() -> None:
    histogram = Histogram([FAILED])
    detector = ShiftDetector([FAILED], slices=2, combinations=1)
    one(np.ones(10_000), histogram, detector)
    assert detector.shifts() == []
    assert detector.calm().all()
    reference = Reference(SliceTable([()], limit=2), histogram, pane_s=300.0)
    reference.add(0, tally_of(histogram, np.zeros(3)))
    reference.learn(detector.calm())
    detector.expect(reference.expected(0.0))
    detector.update(tally_of(histogram, np.ones(10_000)), began=0.0)
    assert detector.shifts() == []


def test_what_is_suspected_is_not_calm_long_before_it_is_found() -> None:
    streams = Streams(FAILED, share(0.02), streams=100)
    assert streams.detector.calm().all()
    frozen, found = np.zeros(101), np.zeros(101)
    for step in range(1_500):
        streams.update(share(0.06)(streams.rng, 100)[:, None])
        frozen[~streams.detector.calm()[:, 0] & (frozen == 0)] = step
        codes = np.array([shift.code for shift in streams.detector.shifts()], np.intp)
        found[codes] = np.where(found[codes] == 0, step, found[codes])
    assert np.median(frozen[1:]) < 0.7 * np.median(found[found > 0])


def test_a_forgotten_slice_begins_anew_and_the_others_go_on() -> None:
    streams = Streams(FAILED, share(0.03), streams=3)
    streams.run(share(0.9), 40)
    assert {shift.code for shift in streams.detector.shifts()} == {1, 2, 3}
    streams.detector.forget(2)
    assert {shift.code for shift in streams.detector.shifts()} == {1, 3}
    assert streams.detector.calm()[2].all()
    streams.detector.expect(streams.reference.expected(0.0))
    streams.run(share(0.9), 40)
    assert {shift.code for shift in streams.detector.shifts()} == {1, 2, 3}


def test_evidence_that_was_gathered_stays_when_what_is_normal_is_told_again() -> None:
    often, once = Streams(FAILED, share(0.02), streams=50), Streams(FAILED, share(0.02), streams=50)
    for step in range(400):
        values = share(0.06)(default_rng(step), 50)[:, None]
        often.update(values, began=float(step))
        once.update(values, began=float(step))
        often.detector.expect(often.reference.expected(0.0))
    assert often.detector.shifts() == once.detector.shifts()


def test_no_values_and_slices_that_are_not_known_yet_change_nothing() -> None:
    streams = Streams(FAILED, share(0.03), streams=2)
    streams.detector.update(tally_of(streams.histogram, np.empty(0)), began=0.0)
    streams.detector.update(tally_of(streams.histogram, np.ones(1_000), 3), began=0.0)
    streams.detector.update(tally_of(streams.histogram, np.full(9, np.nan), 1), began=0.0)
    assert streams.moved() == 0
