import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from monitoring.histogram import Histogram
from monitoring.panes import Panes
from tests.monitoring.watching import FAILED, tally_of

HISTOGRAM = Histogram([FAILED])
PANE_S = 10.0
COUNT = 4


def pages() -> int:
    """Of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1])


def panes_of(numbers: list[int], count: int = COUNT) -> Panes:
    """One failure in slice 0 in each of these panes."""
    panes = Panes(3, 1, pane_s=PANE_S, count=count)
    for number in numbers:
        panes.add(number, tally_of(HISTOGRAM, np.ones(1)))
    return panes


@settings(max_examples=200)
@given(
    numbers=st.lists(st.one_of(st.integers(0, 12), st.integers(10**6, 10**6 + 6)), max_size=25),
    window=st.tuples(st.integers(-3, 15), st.integers(-3, 15)),
    far=st.booleans(),
)
def test_any_window_holds_what_came_in_time_for_it(numbers: list[int], window: tuple[int, int], far: bool) -> None:
    """In any order, with gaps, jumps and late events; against a list of everything that was in time."""
    panes, kept, newest = panes_of(numbers), [], -1
    for number in numbers:
        newest = max(newest, number)
        if number > newest - COUNT:
            kept.append(number)
    kept = [number for number in kept if number > newest - COUNT]
    since, until = (number + 10**6 * far for number in window)
    totals = panes.between(since * PANE_S, until * PANE_S, 3)
    inside = sum(since <= number < until for number in kept)
    assert totals.n[:, 0].tolist() == totals.sums[:, 0].tolist() == [inside, 0, 0]


def test_a_fixed_window_is_a_pane_and_a_sliding_one_the_last_so_many() -> None:
    rng, panes = default_rng(1), Panes(2, 1, pane_s=PANE_S, count=100)
    at, values = np.sort(rng.uniform(0, 1000, 3_000)), (rng.random(3_000) < 0.3).astype(float)
    codes = rng.integers(0, 2, 3_000)
    for number in range(100):
        rows = at // PANE_S == number
        panes.add(number, tally_of(HISTOGRAM, values[rows], codes[rows]))
    for since, until in [(0, 1000), (370, 380), (370, 420), (995, 1000), (365, 389)]:
        first, last = -(-since // 10) * 10, -(-until // 10) * 10  # of panes that begin within
        for code in range(2):
            rows = (at >= first) & (at < last) & (codes == code)
            totals = panes.between(since, until, 2)
            assert totals.n[code, 0] == rows.sum()
            assert totals.sums[code, 0] == values[rows].sum()


def test_means_are_unknown_where_there_was_nothing() -> None:
    means = panes_of([1]).between(0, 100, 3).means
    np.testing.assert_array_equal(means, [[1.0], [np.nan], [np.nan]])


def test_what_comes_after_its_pane_is_gone_is_counted() -> None:
    panes = panes_of([10, 6, 7, 6, 0])
    assert panes.late == 3
    assert panes.between(0, 200, 1).n[0, 0] == 2


def test_an_old_pane_is_gone_when_its_place_is_used_again() -> None:
    panes = panes_of([1])
    panes.add(1 + COUNT, tally_of(HISTOGRAM, np.zeros(1)))
    assert panes.between(0, 1000, 1).n[0, 0] == 1
    assert panes.between(0, 1000, 1).sums[0, 0] == 0


@pytest.mark.parametrize("jump", [COUNT, 3 * COUNT + 1, 10**9, 10**15])
def test_a_gap_or_a_jump_of_any_length_leaves_nothing_old(jump: int) -> None:
    panes = panes_of([0, 1, 2, 3, 3 + jump])
    assert panes.between(0, (5.0 + jump) * PANE_S, 1).n[0, 0] == 1
    starts, totals = panes.history(0, 0, 0.0, (5.0 + jump) * PANE_S)
    assert starts[-1] == (3 + jump) * PANE_S
    assert totals.n.tolist() == [0, 0, 0, 1]


def test_the_history_is_pane_by_pane() -> None:
    starts, totals = panes_of([7, 8, 8, 10]).history(0, 0, 75.0, 105.0)
    assert starts.tolist() == [70, 80, 90, 100]
    assert totals.n.tolist() == [1, 2, 0, 1]
    np.testing.assert_array_equal(totals.means, [1, 1, np.nan, 1])


@pytest.mark.parametrize(("since", "until"), [(500.0, 600.0), (50.0, 20.0), (-90.0, -50.0)])
def test_a_window_outside_of_what_is_kept_is_empty(since: float, until: float) -> None:
    panes = panes_of([7, 8])
    assert panes.between(since, until, 3).n.tolist() == [[0], [0], [0]]
    starts, totals = panes.history(0, 0, since, until)
    assert len(starts) == len(totals.n) == 0


def test_times_before_1970_disturb_nothing() -> None:
    panes = panes_of([-2, -400, 0, 2])
    assert panes.between(-10_000, 100, 1).n[0, 0] == 2


def test_a_slice_can_be_forgotten_and_begins_anew() -> None:
    panes = panes_of([3, 4])
    panes.forget(0)
    assert panes.between(0, 100, 1).n[0, 0] == 0
    panes.add(4, tally_of(HISTOGRAM, np.ones(2)))
    assert panes.between(0, 100, 1).n[0, 0] == 2


def test_panes_that_nobody_wrote_to_take_no_memory() -> None:
    before, panes = pages(), Panes(1_000, 48, count=2_880)
    for number in range(5_666_666, 5_666_676):
        panes.add(number, tally_of(Histogram([FAILED] * 48), np.ones((1, 48)), 7))
    taken = (pages() - before) * resource.getpagesize()
    assert panes._n.nbytes + panes._sums.nbytes > 1500 << 20
    assert taken < 100 << 20
