import numpy as np
import pytest

from monitoring.state import restore, written
from monitoring.windows import Windows

WINDOW_S, WEEK_S = 900.0, 604_800.0


def add(windows: Windows, at: float, value: float, *, n: int = 100, code: int = 1) -> None:
    values = np.stack([np.full(n, value), np.full(n, np.nan)], axis=1)
    windows.add(at, values, np.stack([np.zeros(n, np.int32), np.full(n, code, np.int32)], axis=1))


def median(windows: Windows, code: int = 1) -> float:
    return float(windows.quantiles(code, 0, [0.5])[0])


def usual(windows: Windows, code: int = 1) -> float:
    return float(windows.usual_quantiles(code, 0, [0.5])[0])


def made() -> Windows:
    return Windows([0, 1], 2, window_s=WINDOW_S)


def test_the_sliding_window_is_the_present_one_and_the_one_before() -> None:
    windows = made()
    for number, value in enumerate((1.0, 2.0, 2.0, 3.0, 3.0)):
        add(windows, number * WINDOW_S, value)
    assert (median(windows), median(windows, code=0)) == (3.0, 3.0)
    assert usual(windows) in (1.0, 2.0)


def test_where_there_was_nothing_there_are_no_quantiles() -> None:
    windows = made()
    assert np.isnan([median(windows), usual(windows)]).all()
    add(windows, 0.0, 1.0)
    assert np.isnan(windows.quantiles(1, 1, [0.1, 0.9])).all()
    assert np.isnan(median(windows, code=7))


def test_what_is_older_than_two_generations_is_forgotten() -> None:
    windows = made()
    add(windows, 0.0, 1.0, n=10_000)
    for number in range(1, 4 * 96):
        add(windows, number * WINDOW_S, 5.0, n=1)
    assert float(windows.usual_quantiles(1, 0, [0.0])[0]) == 5.0


def test_the_same_hour_of_last_week_is_kept_for_all_events() -> None:
    windows = made()
    add(windows, 0.0, 1.0)
    assert windows.last_week(10.0) is None
    add(windows, 3_600.0, 2.0)
    hour = windows.last_week(WEEK_S + 10.0)
    assert hour is not None
    assert (hour.n.tolist(), hour.sums.tolist()) == ([100, 0], [100, 0])
    add(windows, WEEK_S, 9.0)
    add(windows, WEEK_S + 3_600.0, 9.0)
    again = windows.last_week(2 * WEEK_S)
    assert again is not None
    assert again.sums[0] == 900


def test_late_events_count_as_of_now() -> None:
    windows = made()
    add(windows, 10 * WINDOW_S, 1.0)
    add(windows, 0.0, 1.0)
    assert median(windows) == 1.0


def test_a_forgotten_slice_is_gone_and_a_restored_one_is_as_it_was() -> None:
    windows, other = made(), made()
    for number in range(4):
        add(windows, number * WINDOW_S, float(number))
    restore(other, written(windows))
    windows.forget(1)
    assert np.isnan([median(windows), usual(windows)]).all()
    assert median(windows, code=0) == median(other, code=0)
    assert median(other) in (2.0, 3.0)
    assert other.quantiles(1, 0, [0.0, 1.0]).tolist() == pytest.approx([2.0, 3.0])
