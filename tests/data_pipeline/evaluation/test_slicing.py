"""Every utterance is in one slice, whatever its fields hold."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.errors import InvalidSlicing
from data_pipeline.evaluation.slicing import MAX_SLICES, NO_VALUE, RARE, check_slicings, partition, read_slicing
from tests.data_pipeline.evaluation.made import row, utterance

TEXTS = st.text(max_size=4) | st.sampled_from([NO_VALUE, RARE, "a + b"])
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.lists(st.integers(), max_size=2)
SLICINGS = st.sampled_from(["field", "field:0,1.5", "field+line"])


def parted(text: str, values: Sequence[object], min_count: int = 1) -> dict[str, list[int]]:
    said = [utterance(row("a", n, field=value), "a") for n, value in enumerate(values)]
    return partition(read_slicing(text), [said], min_count=min_count)


def test_texts_are_slices_by_themselves_and_absence_is_the_last() -> None:
    assert parted("field", ["b", None, "a", "b"]) == {"a": [2], "b": [0, 3], NO_VALUE: [1]}


def test_a_few_numbers_are_values_in_their_order() -> None:
    assert list(parted("field", [10, 2, 2.5, 10])) == ["2", "2.5", "10"]


def test_many_numbers_are_parted_at_round_quartiles() -> None:
    slices = parted("field", [n / 7 for n in range(100)])
    assert list(slices) == ["below 3.5", "3.5 to 7.1", "7.1 to 11", "from 11"]
    assert {len(some) for some in slices.values()} <= set(range(22, 29))


def test_edges_can_be_given_and_then_texts_that_are_numbers_count() -> None:
    slices = parted("field:2,5", [1, 2, "4.9", 5, 99, "long", None])
    assert slices == {"below 2": [0], "2 to 5": [1, 2], "from 5": [3, 4], NO_VALUE: [5, 6]}


def test_numbers_that_are_names_stay_names() -> None:
    assert len(parted("field", [str(n) for n in range(20)])) == 20


def test_fields_can_be_crossed() -> None:
    said = [
        utterance(row("a", n, device=d, duration_s=s), "a") for n, (d, s) in enumerate([("x", 1), ("y", 1), ("x", 9)])
    ]
    crossed = partition(read_slicing("device+duration:2"), [said])
    assert crossed == {"x + below 2": [0], "x + from 2": [2], "y + below 2": [1]}
    assert read_slicing("device + duration:2").name == "device+duration"


def test_what_was_measured_and_how_sure_a_system_is_are_fields_too() -> None:
    bare = [utterance(row("a", n), "a") for n in range(2)]
    own = [utterance(row("a", n), "a", confidence=0.2 + 0.6 * n, snr_db=5.0 + 20 * n) for n in range(2)]
    assert partition(read_slicing("snr_db:10+confidence:0.5"), [bare, own]) == {
        "below 10 + below 0.5": [0],
        "from 10 + from 0.5": [1],
    }


def test_what_the_manifest_says_comes_before_what_was_measured() -> None:
    said = [utterance(row("a", snr_db=30), "a", snr_db=3.0)]
    assert partition(read_slicing("snr_db:10"), [said]) == {"from 10": [0]}


def test_small_slices_are_pooled() -> None:
    assert parted("field", ["a", "a", "b", "c"], min_count=2) == {"a": [0, 1], RARE: [2, 3]}


def test_a_field_of_many_values_keeps_the_most_frequent() -> None:
    slices = parted("field", [f"v{n}" for n in range(MAX_SLICES + 50)] + ["v149"])
    assert len(slices) == MAX_SLICES + 1
    assert len(slices["v149"]) == 2
    assert len(slices[RARE]) == 50


@given(st.lists(VALUES, min_size=1, max_size=30), st.integers(1, 3), SLICINGS)
def test_every_utterance_is_in_one_slice_whatever_the_values(values: list[object], at_least: int, text: str) -> None:
    slices = parted(text, values, at_least)
    assert sorted(index for some in slices.values() for index in some) == list(range(len(values)))
    assert all(len(some) >= at_least for name, some in slices.items() if name != RARE)
    json.dumps(slices)


@pytest.mark.parametrize("text", ["", "+", "a+", "a:", "a:x", "a:2,1", "a:1,1", "a:nan", "a:1,inf", ":1"])
def test_what_names_no_slices_is_refused(text: str) -> None:
    with pytest.raises(InvalidSlicing):
        read_slicing(text)


@pytest.mark.parametrize("text", ["device+duration:2,5.25", "snr_db"])
def test_a_slicing_is_written_as_it_is_read(text: str) -> None:
    assert str(read_slicing(text)) == text


def test_a_field_that_nobody_has_is_refused_by_name() -> None:
    rows = [row("a", device="x")]
    check_slicings([read_slicing("device+duration+snr_db+confidence")], rows)
    with pytest.raises(InvalidSlicing, match=r"no row has the field 'devcie'.* device"):
        check_slicings([read_slicing("devcie")], rows)
