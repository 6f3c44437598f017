import numpy as np
import pytest
from numpy.random import default_rng

from monitoring.histogram import Histogram
from monitoring.reference import KNOWN_FROM, Mode, Reference, ReferenceRule
from monitoring.slices import SliceTable
from monitoring.tally import tally
from tests.monitoring.watching import FAILED, SIZE

HOUR_S, WEEK_S = 3_600.0, 604_800.0
LIMIT = 6
CALM = np.ones((LIMIT, 1), np.bool_)
RNG = default_rng(1)


def rolling(*, half_life_s: float = 7 * 86_400.0, warm_up: int = 2_000, guard_panes: int = 2) -> ReferenceRule:
    return ReferenceRule(mode=Mode.ROLLING, half_life_s=half_life_s, warm_up=warm_up, guard_panes=guard_panes)


class Watch:
    """A reference of one share over everything and two devices, fed pane by pane."""

    def __init__(self, *, pane_s: float = 300.0, rule: ReferenceRule | None = None) -> None:
        self.table = SliceTable([(), ("device",)], limit=LIMIT)
        self.table.codes([{"device": "p"}, {"device": "q"}])
        self.histogram = Histogram([FAILED])
        self.reference = Reference(self.table, self.histogram, pane_s=pane_s, rule=rule or rolling())

    def add(self, pane: int, share: float, n: int = 1_000, device: str = "p") -> None:
        """Of `n` events exactly that share failed."""
        codes, _ = self.table.codes([{"device": device}] * n)
        failed = (np.arange(n) < round(share * n)).astype(float)
        self.reference.add(pane, tally(0.0, failed[:, None], codes, self.histogram))

    def known(self, code: int = 0) -> float:
        """Events that were learnt from, as they count now."""
        return float(self.reference.expected(0.0).pooled.own[code, 0])

    def mean(self, code: int = 0, at: float = 0.0) -> float:
        return float(self.reference.expected(at).pooled.shares[code, 1])


def calm_but(code: int) -> np.ndarray:
    calm = CALM.copy()
    calm[code] = False
    return calm


def test_three_events_are_no_reference() -> None:
    watch = Watch()
    watch.add(0, 1.0, n=3)
    watch.reference.learn(CALM)
    assert not watch.reference.expected(0.0).ready.any()
    assert watch.known() == 3


def test_no_events_are_none_either() -> None:
    expected = Watch().reference.expected(0.0)
    assert not expected.ready.any()
    assert np.isfinite(expected.scores.variance).all()
    assert np.isfinite(expected.restless).all()


def test_it_is_ready_after_its_warm_up() -> None:
    watch = Watch(rule=rolling(warm_up=2_500))
    for pane, ready in enumerate((False, False, True)):
        watch.add(pane, 0.1)
        watch.reference.learn(CALM)
        assert watch.reference.expected(0.0).ready.tolist() == [ready]


def test_a_pane_is_learnt_from_when_enough_panes_have_begun_after_it() -> None:
    watch = Watch(rule=rolling(warm_up=1_000, guard_panes=2))
    for pane, known in enumerate((1_000, 1_000, 1_000, 2_000, 3_000)):
        watch.add(pane, 0.1)
        watch.reference.learn(CALM)
        assert watch.known() == pytest.approx(known, rel=0.01)


def test_what_is_not_calm_is_not_learnt_and_is_counted() -> None:
    watch = Watch(rule=rolling(guard_panes=0))
    for pane in range(6):
        watch.add(pane, 0.1)
    watch.reference.learn(CALM)
    before = watch.mean(1)
    for pane in range(6, 20):
        watch.add(pane, 0.9)
        watch.add(pane, 0.1, device="q")
        watch.reference.learn(calm_but(1))
    assert watch.mean(1) == pytest.approx(before, abs=0.01)
    assert watch.known(2) == pytest.approx(14_000, rel=0.01)
    assert watch.reference.refused == 14_000


def test_while_it_warms_up_it_learns_whatever_comes() -> None:
    watch = Watch(rule=rolling(warm_up=10_000))
    for pane in range(5):
        watch.add(pane, 0.1)
        watch.reference.learn(np.zeros_like(CALM))
    assert watch.known() == pytest.approx(5_000, rel=0.01)
    assert watch.reference.refused == 0


def test_what_is_old_counts_half_after_the_half_life() -> None:
    watch = Watch(pane_s=300.0, rule=rolling(half_life_s=3_000.0, warm_up=10, guard_panes=0))
    watch.add(0, 0.1)
    for pane in range(1, 11):
        watch.add(pane, 0.5, n=1, device="q")
    watch.reference.learn(CALM)
    assert watch.known(1) == pytest.approx(500)


def test_a_rolling_reference_follows_what_changed_slowly() -> None:
    watch = Watch(rule=rolling(half_life_s=3_000.0, warm_up=10))
    for pane in range(200):
        watch.add(pane, 0.1 + pane / 1_000)
        watch.reference.learn(CALM)
    assert 0.25 < watch.mean() < 0.3


def test_a_pinned_reference_is_kept_when_it_is_complete() -> None:
    watch = Watch(rule=ReferenceRule(mode=Mode.PINNED, pinned_at=5_000, warm_up=10))
    for pane in range(50):
        watch.add(pane, 0.1 if pane < 6 else 0.7)
        watch.reference.learn(CALM)
    assert watch.mean() == pytest.approx(0.1, abs=0.01)
    assert watch.known() == 5_000


def test_a_seasonal_reference_expects_of_an_hour_what_it_was_a_week_before() -> None:
    """Every Monday from 0 to 1 the share is 40 %, else 10 %."""
    watch = Watch(pane_s=HOUR_S, rule=ReferenceRule(mode=Mode.SEASONAL, warm_up=10))
    for hour in range(2 * 168):
        watch.add(hour, 0.4 if hour % 168 == 0 else 0.1, n=2_000)
        watch.reference.learn(CALM)
    assert watch.mean(at=2 * WEEK_S + 0.5 * HOUR_S) == pytest.approx(0.4, abs=0.02)
    assert watch.mean(at=2 * WEEK_S + 1.5 * HOUR_S) == pytest.approx(0.1, abs=0.02)
    assert watch.mean(at=2 * WEEK_S + 60.5 * HOUR_S) == pytest.approx(0.1, abs=0.02)


def test_an_hour_that_was_never_seen_is_expected_as_any() -> None:
    watch = Watch(pane_s=HOUR_S, rule=ReferenceRule(mode=Mode.SEASONAL, warm_up=10, guard_panes=0))
    for hour in range(24):
        watch.add(hour, 0.1)
    watch.reference.learn(CALM)
    assert watch.mean(at=100 * HOUR_S) == pytest.approx(0.1, abs=0.01)


def test_a_slice_is_forgotten_with_all_that_waits_and_the_others_are_not() -> None:
    watch = Watch(pane_s=HOUR_S, rule=ReferenceRule(mode=Mode.SEASONAL, warm_up=10))
    for hour in range(6):
        watch.add(hour, 0.8)
        watch.add(hour, 0.1, device="q")
        watch.reference.learn(CALM)
    watch.reference.forget(1)
    for hour in range(6, 12):
        watch.add(hour, 0.1, n=1, device="q")
        watch.reference.learn(CALM)
    assert watch.known(1) == 0
    assert watch.known(2) > 5_000


def test_what_is_late_counts_as_of_the_oldest_pane_that_waits() -> None:
    watch = Watch(rule=rolling(warm_up=10, guard_panes=2))
    for pane in range(8):
        watch.add(pane, 0.1)
        watch.reference.learn(CALM)
    before = watch.known()
    watch.add(2, 0.1)
    watch.reference.learn(CALM)
    assert watch.known() == before
    watch.add(8, 0.1)
    watch.reference.learn(CALM)
    assert watch.known() == pytest.approx(before + 2_000, rel=0.01)


def tilt_after(deviation: float, *, hours: int = 300) -> float:
    """Restlessness after so many calm hours in which the share moved by that around one half."""
    watch = Watch(pane_s=HOUR_S, rule=rolling(warm_up=10))
    for hour in range(hours):
        watch.add(hour, RNG.binomial(2_000, 0.5 + deviation * RNG.normal()) / 2_000, n=2_000)
        watch.reference.learn(CALM)
        watch.reference.expected(0.0)
    return float(watch.reference.expected(0.0).restless[0, 0])


def test_restlessness_is_what_moves_from_hour_to_hour_beyond_chance() -> None:
    assert tilt_after(0.0) < 0.07
    assert tilt_after(0.05) == pytest.approx(0.05 / 0.25, rel=0.25)
    assert tilt_after(0.0, hours=5) > tilt_after(0.0, hours=50)


def test_a_number_is_learnt_like_a_share() -> None:
    table, histogram = SliceTable([()], limit=LIMIT), Histogram([SIZE])
    values = RNG.normal(3.0, 1.0, (20_000, 1))
    reference = Reference(table, histogram, pane_s=300.0)
    for pane in range(20):
        rows = values[pane * 1_000 : (pane + 1) * 1_000]
        reference.add(pane, tally(0.0, rows, np.zeros((1_000, 1), np.int32), histogram))
        reference.learn(CALM)
    assert reference.expected(0.0).pooled.means[0, 0] == pytest.approx(3.0, abs=0.03)


def test_restlessness_is_not_learnt_from_a_fault() -> None:
    watch = Watch(pane_s=HOUR_S, rule=rolling(warm_up=10))
    for hour in range(200):
        watch.add(hour, 0.1 if hour < 100 else 0.4)
        watch.reference.learn(CALM if hour < 100 else np.zeros_like(CALM))
        watch.reference.expected(0.0)
    assert float(watch.reference.expected(0.0).restless[0, 0]) < 0.1


def test_each_slice_forgets_by_its_own_half_life_and_only_while_it_learns() -> None:
    watch = Watch(pane_s=300.0, rule=ReferenceRule(warm_up=10, guard_panes=0))
    half_life_s = np.full(LIMIT, 3_000.0)
    half_life_s[2] = 6_000.0
    for device in ("p", "q"):
        watch.add(0, 0.1, device=device)
    for pane in range(1, 11):
        watch.add(pane, 0.1, n=0)
        watch.reference.learn(CALM, half_life_s=half_life_s)
    known = watch.known(1), watch.known(2)
    assert known[0] < known[1]
    assert known == pytest.approx((500, 1_000 * 0.5**0.5), rel=0.01)
    for pane in range(11, 30):
        watch.add(pane, 0.9)
        watch.reference.learn(calm_but(1), half_life_s=half_life_s)
    assert watch.known(1) == pytest.approx(known[0])


def test_a_slice_that_is_not_known_is_learnt_although_it_is_suspected() -> None:
    watch, suspected = Watch(), CALM.copy()
    suspected[2] = False
    for pane in range(8):
        watch.add(pane, 0.02)
    for pane in range(8, 30):
        watch.add(pane, 0.02)
        watch.add(pane, 0.5, n=20, device="q")
        watch.reference.learn(suspected)
    assert KNOWN_FROM <= watch.known(2) < KNOWN_FROM + 20
