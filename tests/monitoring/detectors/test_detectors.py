"""One suite for all detectors; a new one is held to it by a line in `CASES`."""

import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from monitoring.detectors.adwin import Adwin
from monitoring.detectors.cusum import BernoulliCusum, Cusum, siegmund_threshold
from monitoring.detectors.detector import Detector
from monitoring.detectors.fixed_threshold import FixedThreshold
from monitoring.detectors.page_hinkley import PageHinkley
from monitoring.detectors.shiryaev_roberts import ShiryaevRoberts, share_detector, tilted

Stream = NDArray[np.float64]
CHANGE_AT = 600


def numbers(rng: Generator, n: int, *, moved: bool) -> Stream:
    return rng.normal(0.6 if moved else 0.5, 0.1, n)


def ones(rng: Generator, n: int, *, moved: bool) -> Stream:
    return (rng.random(n) < (0.2 if moved else 0.05)).astype(float)


def bins(rng: Generator, n: int, *, moved: bool) -> Stream:
    return rng.choice(4, n, p=(0.1, 0.2, 0.3, 0.4) if moved else (0.4, 0.3, 0.2, 0.1)).astype(float)


@dataclass(frozen=True, kw_only=True)
class Case:
    make: Callable[[], Detector]
    draw: Callable[..., Stream]
    delay: int
    """Median updates from the change to the alarm, at most."""
    false_alarms: float
    """Of 1,000 quiet updates, at most this share of streams has one."""
    located_within: int | None
    """Median error of `changed_at`; None where the method does not tell."""
    constant: float | None = 0.5
    """That value again and again is no change; None where it is one, since shares were told of all bins."""


RUN = 20_000.0
"""At that mean run 1,000 quiet updates hold an alarm in 5 of 100 streams."""

CASES = {
    "cusum": Case(
        make=lambda: Cusum(mean=0.5, deviation=0.1, mean_run=RUN),
        draw=numbers, delay=20, false_alarms=0.05, located_within=3,
    ),
    "cusum that learns": Case(
        make=lambda: Cusum(mean_run=RUN), draw=numbers, delay=20, false_alarms=0.08, located_within=3
    ),
    "bernoulli cusum": Case(
        make=lambda: BernoulliCusum(before=0.05, after=0.2, mean_run=RUN),
        draw=ones, delay=70, false_alarms=0.05, located_within=15, constant=0.0,
    ),
    "shiryaev-roberts of a share": Case(
        make=lambda: share_detector(0.05, mean_run=RUN),
        draw=ones, delay=60, false_alarms=0.05, located_within=15, constant=None,
    ),
    "shiryaev-roberts of bins": Case(
        make=lambda: ShiryaevRoberts(
            before=(0.4, 0.3, 0.2, 0.1),
            after=[tilted((0.4, 0.3, 0.2, 0.1), (0, 1, 2, 3), by) for by in (-1, -0.5, 0.5, 1)],
            mean_run=RUN,
        ),
        draw=bins, delay=20, false_alarms=0.05, located_within=5, constant=None,
    ),
    "page-hinkley": Case(
        make=lambda: PageHinkley(threshold=2.0, slack=0.02), draw=numbers, delay=30, false_alarms=0.05, located_within=5
    ),
    "adwin": Case(
        make=lambda: Adwin(low=0.2, high=0.9), draw=numbers, delay=140, false_alarms=0.05, located_within=None
    ),
    "fixed threshold": Case(
        make=lambda: FixedThreshold(low=0.46, high=0.54, window=100),
        draw=numbers, delay=60, false_alarms=0.05, located_within=None,
    ),
}  # fmt: skip


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


def alarm_at(detector: Detector, stream: Stream) -> int | None:
    for i, x in enumerate(stream.tolist()):
        detector.update(x)
        if detector.drifted:
            return i
    return None


def changing(case: Case, seed: int) -> Stream:
    rng = default_rng(seed)
    return np.concatenate([case.draw(rng, CHANGE_AT, moved=False), case.draw(rng, 1000, moved=True)])


def state(detector: Detector) -> tuple[bool, int | None, int]:
    return detector.drifted, detector.changed_at, detector.ignored


def test_it_finds_a_planted_change_soon_and_says_where(case: Case) -> None:
    delays, errors = [], []
    for seed in range(100):
        detector = case.make()
        at = alarm_at(detector, changing(case, seed))
        assert at is not None
        if at >= CHANGE_AT:
            delays.append(at - CHANGE_AT + 1)
            errors.append(math.nan if detector.changed_at is None else abs(detector.changed_at - CHANGE_AT))
    assert len(delays) >= 90
    assert np.median(delays) <= case.delay
    if case.located_within is None:
        assert np.isnan(errors).all()
    else:
        assert np.median(errors) <= case.located_within


def test_it_is_as_quiet_as_it_says_while_nothing_changes(case: Case) -> None:
    streams = 300
    alarms = sum(
        alarm_at(case.make(), case.draw(default_rng(seed), 1000, moved=False)) is not None for seed in range(streams)
    )
    expected = case.false_alarms * streams
    assert alarms <= expected + 3 * math.sqrt(expected)


def test_all_equal_values_are_no_change(case: Case) -> None:
    if case.constant is not None:
        assert alarm_at(case.make(), np.full(5000, case.constant)) is None


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, "0.5", 10**400, [0.5], object()])
def test_what_is_no_number_is_counted_and_changes_nothing(case: Case, value: float | None) -> None:
    plain, disturbed = case.make(), case.make()
    for x in changing(case, 1)[:500].tolist():
        plain.update(x)
        disturbed.update(x)
        disturbed.update(value)
    assert disturbed.ignored == 500
    assert disturbed.drifted == plain.drifted


def test_it_still_sees_after_nothing_but_rubbish(case: Case) -> None:
    detector = case.make()
    for _ in range(2000):
        detector.update(math.nan)
    assert state(detector) == (False, None, 2000)
    assert alarm_at(detector, changing(case, 2)) is not None


@pytest.mark.parametrize("value", [1e308, -1e308, 1e-308, 5e-324])
def test_a_huge_or_tiny_value_neither_raises_nor_blinds(case: Case, value: float) -> None:
    detector = case.make()
    for x in [*changing(case, 3)[:CHANGE_AT].tolist(), value, -value, value]:
        detector.update(x)
    assert detector.drifted or alarm_at(detector, changing(case, 3)[CHANGE_AT:]) is not None


def test_three_values_are_too_few_for_an_alarm(case: Case) -> None:
    for seed in range(50):
        assert alarm_at(case.make(), case.draw(default_rng(seed), 3, moved=False)) is None


def test_an_alarm_stays_until_the_reset_which_forgets_all(case: Case) -> None:
    detector = case.make()
    first = alarm_at(detector, changing(case, 4))
    found = detector.changed_at
    for x in case.draw(default_rng(5), 300, moved=False).tolist():
        detector.update(x)
    assert detector.drifted
    assert detector.changed_at == found
    detector.reset()
    assert state(detector) == (False, None, 0)
    assert alarm_at(detector, changing(case, 4)) == first


def test_equal_streams_give_equal_alarms_and_the_future_does_not_matter(case: Case) -> None:
    stream = changing(case, 6)
    first = alarm_at(case.make(), stream)
    assert first is not None
    assert alarm_at(case.make(), np.concatenate([stream[: first + 1], stream[::-1]])) == first
    assert alarm_at(case.make(), stream[:first]) is None


def test_it_can_be_kept_and_taken_up_again_anywhere(case: Case) -> None:
    stream = changing(case, 7)
    through = case.make()
    at = alarm_at(through, stream)
    resumed = case.make()
    for i in range(0, len(stream), 97):
        resumed = pickle.loads(pickle.dumps(resumed))
        for x in stream[i : i + 97].tolist():
            if not resumed.drifted:
                resumed.update(x)
    assert at is not None
    assert state(resumed) == state(through)


def test_page_hinkley_agrees_with_that_of_river() -> None:
    from river.drift import PageHinkley as Peer

    for seed in range(20):
        stream = changing(CASES["page-hinkley"], seed)
        peer = Peer(min_instances=30, delta=0.02, threshold=2.0, alpha=1.0)
        theirs = None
        for i, x in enumerate(stream.tolist()):
            peer.update(x)  # type: ignore[no-untyped-call]
            if peer.drift_detected:
                theirs = i
                break
        assert alarm_at(PageHinkley(threshold=2.0, slack=0.02), stream) == theirs


@pytest.mark.parametrize(("slack", "threshold", "run"), [(0.5, 4.0, 336), (0.5, 5.0, 930), (0.25, 8.0, 736)])
def test_thresholds_are_those_of_published_tables(slack: float, threshold: float, run: float) -> None:
    """One-sided runs, twice the two-sided 168, 465 and 368 of Montgomery, Statistical Quality Control, table 9.4."""
    assert siegmund_threshold(slack=slack, mean_run=run) == pytest.approx(threshold, abs=0.05)


SEEDS = 400
LEAST_OF_500 = 500 * (1 - 3 / math.sqrt(SEEDS))
"""Runs scatter about as much as their mean."""


def mean_run(make: Callable[[], Detector], draw: Callable[[Generator, int], Stream]) -> float:
    runs = []
    for seed in range(SEEDS):
        stream = draw(default_rng(seed), 5000)
        runs.append(alarm_at(make(), stream) or len(stream))
    return float(np.mean(runs))


@pytest.mark.parametrize("share", [0.02, 0.3])
@pytest.mark.parametrize("odds", [2.0, 4.0])
def test_detectors_of_a_share_keep_the_mean_run_that_they_state(share: float, odds: float) -> None:
    after = odds * share / (1 - share + odds * share)
    for make in (
        lambda: share_detector(share, odds=(0.5, odds), mean_run=500),
        lambda: BernoulliCusum(before=share, after=after, mean_run=500),
    ):
        run = mean_run(make, lambda rng, n: (rng.random(n) < share).astype(float))
        assert LEAST_OF_500 <= run <= 1500


def test_a_cumulative_sum_keeps_its_mean_run_for_normal_and_roughly_for_skewed_values() -> None:
    assert mean_run(lambda: Cusum(mean=0, deviation=1, mean_run=500), lambda rng, n: rng.normal(size=n)) > LEAST_OF_500
    skewed = mean_run(lambda: Cusum(mean=1, deviation=1, mean_run=500), lambda rng, n: rng.exponential(size=n))
    assert skewed > 125


def test_a_moving_mean_is_exact_again_one_round_after_a_huge_value() -> None:
    detector = FixedThreshold(low=-math.inf, high=1e99, window=10)
    for x in [1e99, *[0.1] * 30]:
        detector.update(x)
    detector.high = 0.2
    detector.update(0.1)
    assert not detector.drifted
