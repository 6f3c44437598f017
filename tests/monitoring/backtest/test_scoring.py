import numpy as np
import pytest

from monitoring.backtest.scoring import Alarm, Trial, grouped, judge, names, overlap, quantile, score
from monitoring.backtest.truth import Truth
from monitoring.findings import FLEET, Slice

PHONE: Slice = (("device_model", "phone"),)
SPEAKER: Slice = (("device_model", "speaker"),)
UPDATED: Slice = (("app_version", "5.2"), ("device_model", "phone"))
TRUTH = Truth(name="onset", at_s=1000.0, slice=UPDATED)
CAME_S = np.arange(0.0, 2000.0, 10.0)


def alarm(at_s: float, which: Slice = UPDATED) -> Alarm:
    return Alarm(at_s=at_s, slice=which, signal="lead_silence_s")


def judged(*alarms: Alarm, truth: Truth | None = TRUTH) -> Trial:
    return judge(alarms, truth, requests=1000, slice_at_s=CAME_S)


def test_delay_counts_requests_of_the_slice_from_the_change_to_the_alarm() -> None:
    found = judged(alarm(1100.0), alarm(1500.0))
    assert (found.delay_requests, found.delay_s, found.found_as, found.false_alarms) == (11, 100.0, UPDATED, ())


def test_an_alarm_before_the_change_is_false_and_no_answer() -> None:
    assert judged(alarm(999.0)) == Trial(requests=1000, false_alarms=(alarm(999.0),), truth=TRUTH)


def test_an_alarm_for_another_slice_is_false() -> None:
    found = judged(alarm(1100.0, SPEAKER), alarm(1200.0))
    assert (found.false_alarms, found.delay_s) == ((alarm(1100.0, SPEAKER),), 200.0)


def test_an_alarm_for_a_part_of_the_name_is_an_answer_the_exact_one_preferred() -> None:
    assert judged(alarm(1100.0, PHONE)).found_as == PHONE
    assert judged(alarm(1100.0, PHONE), alarm(1100.0, UPDATED)).found_as == UPDATED


def test_an_alarm_for_everything_is_neither_false_nor_an_answer() -> None:
    assert judged(alarm(1100.0, FLEET)) == Trial(requests=1000, false_alarms=(), truth=TRUTH)


def test_what_is_normal_makes_every_alarm_false() -> None:
    normal = Truth(name="mix", at_s=1000.0, slice=PHONE, is_fault=False)
    assert judged(alarm(1100.0, PHONE), truth=normal).false_alarms
    assert judged(alarm(1100.0, PHONE), truth=None).false_alarms


def test_a_change_of_everything_is_named_by_any_alarm() -> None:
    assert judged(alarm(1100.0, PHONE), truth=Truth(name="noise", at_s=1000.0)).delay_s == 100.0


def test_slices_that_share_requests() -> None:
    assert overlap(PHONE, (("locale", "de"),))
    assert not overlap(PHONE, SPEAKER)
    assert not names((("locale", "de"),), PHONE)
    assert names(UPDATED, PHONE)


def test_alarms_in_a_row_are_one() -> None:
    alarms = [alarm(at_s) for at_s in (0.0, 3000.0, 6000.0, 20_000.0)]
    assert [one.at_s for one in grouped([*alarms, alarm(100.0, SPEAKER)])] == [0.0, 100.0, 20_000.0]


def test_a_score_says_what_is_undefined() -> None:
    none = score([])
    assert (none.missed_share, none.median_requests, none.exactly_named, none.false_per_million) == (None,) * 4
    missed = score([judged(), judged(), judged(alarm(1100.0))])
    assert missed.missed == 2
    assert missed.median_requests is None
    assert missed.missed_ci95 is not None
    assert missed.missed_ci95.low < 2 / 3 < missed.missed_ci95.high


def test_a_score_adds_up() -> None:
    trials = [judged(alarm(1000.0 + 10 * n), alarm(500.0)) for n in range(10)]
    found = score([*trials, judged(truth=None)])
    assert (found.faults, found.missed, found.median_requests, found.p90_requests) == (10, 0, 5.0, 9.0)
    assert (found.requests, found.false_alarms) == (11_000, 10)
    assert found.false_per_million == pytest.approx(10 / 0.011)
    assert found.exactly_named == 1.0
    assert found.found_as == {"app_version=5.2, device_model=phone": 10}
    assert found.false_by_signal == {"lead_silence_s": 10}
    assert found.median_hours == pytest.approx(40 / 3600)


def test_a_quantile_of_delays_is_one_of_them() -> None:
    assert quantile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert quantile([], 0.5) is None
