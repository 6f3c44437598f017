import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng
from numpy.typing import NDArray

from monitoring.errors import UnusableState
from monitoring.sketches import Sketches
from monitoring.slices import NONE
from tests.monitoring.watching import Array

RANKS = np.linspace(0.01, 0.99, 50).tolist()
ERROR = 0.0133
"""Of a rank, at 99 % confidence."""


def sketched(values: Array, codes: NDArray[np.int64] | None = None) -> Sketches:
    sketches = Sketches(range(values.shape[1]))
    sketches.add(values, np.zeros((len(values), 1), np.int32) if codes is None else codes.astype(np.int32))
    return sketches


def error(sketches: Sketches, values: Array, *, code: int = 0) -> float:
    """Of the ranks of quantiles; a value that many share may have any of their ranks."""
    found = sketches.quantiles(code, 0, RANKS)
    ordered = np.sort(values.astype(np.float32))
    low, high = (np.searchsorted(ordered, found, side=side) / len(values) for side in ("left", "right"))
    return float(np.maximum(low - RANKS, RANKS - high).max())


@pytest.mark.parametrize("shape", ["normal", "exponential", "standard_cauchy"])
@pytest.mark.parametrize("n", [150, 10_000, 300_000])
def test_quantiles_are_within_the_error_that_is_told(shape: str, n: int) -> None:
    values = getattr(default_rng(1), shape)(size=(n, 1))
    sketches = sketched(values)
    assert error(sketches, values[:, 0]) <= ERROR + 1 / n
    assert sketches.count(0, 0) == n


def test_so_they_are_after_many_small_batches_and_merges() -> None:
    values = default_rng(2).lognormal(size=(40_000, 1))
    whole = Sketches([0])
    for start in range(0, 40_000, 1_000):
        hour = Sketches([0])
        for batch in range(start, start + 1_000, 50):
            hour.add(values[batch : batch + 50], np.zeros((50, 1), np.int32))
        whole.merge(hour)
    assert whole.count(0, 0) == 40_000
    assert error(whole, values[:, 0]) <= ERROR


def test_two_that_are_merged_are_one_of_both() -> None:
    rng = default_rng(3)
    values, codes = rng.normal(size=(100, 2)), rng.integers(0, 4, (100, 1))
    both, one, other = (sketched(values[rows], codes[rows]) for rows in (slice(None), slice(70), slice(70, None)))
    one.merge(other)
    for code in range(4):
        for signal in range(2):
            assert one.count(code, signal) == both.count(code, signal)
            np.testing.assert_array_equal(one.quantiles(code, signal, RANKS), both.quantiles(code, signal, RANKS))


def test_one_slice_can_be_merged_alone() -> None:
    one, other = Sketches([0]), sketched(np.ones((6, 1)), np.array([[0], [0], [0], [1], [1], [2]]))
    one.merge(other, only=1)
    assert [one.count(code, 0) for code in range(3)] == [0, 2, 0]


def test_each_slice_of_each_combination_has_its_own() -> None:
    sketches = sketched(np.array([[1.0], [2.0], [3.0]]), np.array([[0, 1], [0, 2], [0, NONE]]))
    assert len(sketches) == 3
    assert [sketches.count(code, 0) for code in (0, 1, 2, NONE, 9)] == [3, 1, 1, 0, 0]
    assert sketches.quantiles(2, 0, [0.0, 0.5, 1.0]).tolist() == [2, 2, 2]


def test_what_is_not_known_is_not_counted() -> None:
    sketches = sketched(np.array([[1.0, np.nan], [np.nan, np.nan], [5.0, np.nan]]))
    assert (sketches.count(0, 0), sketches.count(0, 1)) == (2, 0)
    assert sketches.quantiles(0, 0, [0.0, 1.0]).tolist() == [1, 5]
    assert np.isnan(sketches.quantiles(0, 1, [0.5])).all()
    assert np.isnan(sketches.quantiles(7, 0, [0.5])).all()


def test_only_the_chosen_columns_are_sketched() -> None:
    sketches = Sketches([2, 0])
    sketches.add(np.array([[1.0, 2.0, 3.0]]), np.zeros((1, 1), np.int32))
    assert sketches.quantiles(0, 0, [0.5]).tolist() == [1]
    assert sketches.quantiles(0, 2, [0.5]).tolist() == [3]


def test_memory_is_that_of_the_slices_not_of_the_traffic() -> None:
    rng, sketches, sizes = default_rng(4), Sketches([0, 1]), []
    for _ in range(11):
        sketches.add(rng.normal(size=(50_000, 2)), rng.integers(0, 10, (50_000, 1)).astype(np.int32))
        sizes.append(len(sketches.to_bytes()))
    assert sizes[-1] < 1.3 * sizes[0]


def test_what_is_written_down_can_be_read_and_goes_on() -> None:
    rng = default_rng(5)
    values, codes = rng.normal(size=(5_000, 2)), rng.integers(0, 5, (5_000, 1))
    sketches = sketched(values, codes)
    read = Sketches.from_bytes(sketches.to_bytes())
    assert read.numbers == sketches.numbers
    for code in range(5):
        np.testing.assert_array_equal(read.quantiles(code, 1, RANKS), sketches.quantiles(code, 1, RANKS))
    read.add(values, codes.astype(np.int32))
    assert read.count(3, 0) == 2 * sketches.count(3, 0)


GOOD = sketched(default_rng(6).normal(size=(1_000, 2))).to_bytes()
HEAD, BODY = GOOD.split(b"\n", 1)
LENGTHS = HEAD[HEAD.index(b'"lengths"') :]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"numbers": 5, "lengths": {}}',
        b'{"numbers": ["a"], "lengths": {}}',
        b'{"numbers": [0], "lengths": []}',
        b'{"numbers": [], "lengths": {"0": []}}',
        b'{"numbers": [0], "lengths": {"x": [1]}}\n0',
        b'{"numbers": [0], "lengths": {"0": [1]}}\n0',
        b'{"numbers": [0], "lengths": {"0": ["z"]}}\n0',
        b'{"numbers": [0], "lengths": {"0": 5}}\n00000',
        b'{"numbers": [0, 1], "lengths": {"0": []}}',
        b'{"numbers":[0],' + LENGTHS + b"\n" + BODY,
        b'{"numbers":[0,1,2],' + LENGTHS + b"\n" + BODY,
        GOOD + b"0",
        HEAD + b"\n" + BODY[1:],
    ],
)
def test_what_is_none_of_ours_is_refused(broken: bytes) -> None:
    with pytest.raises(UnusableState, match="these are no sketches"):
        Sketches.from_bytes(broken)


@given(cut=st.integers(0, len(GOOD) - 1))
def test_what_is_cut_anywhere_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="these are no sketches"):
        Sketches.from_bytes(GOOD[:cut])


def test_a_forgotten_slice_begins_anew() -> None:
    sketches = sketched(np.ones((3, 1)))
    sketches.forget(0)
    sketches.forget(5)
    assert sketches.count(0, 0) == 0


def test_nothing_adds_nothing() -> None:
    sketches = sketched(np.empty((0, 2)))
    assert len(sketches) == 0
    assert Sketches.from_bytes(sketches.to_bytes()).numbers == [0, 1]


def test_a_service_without_numbers_has_nothing_to_sketch() -> None:
    sketches = Sketches([])
    sketches.add(np.ones((3, 2)), np.zeros((3, 1), np.int32))
    assert sketches.count(0, 0) == len(sketches) == 0
