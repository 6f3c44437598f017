"""Rows that share a value are one group, whatever the order."""

from dataclasses import replace
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.hashing import hash64
from data_pipeline.splitting.columns import FILE, ITSELF, TEXT, group, read_columns
from tests.data_pipeline.made_rows import made

VALUES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12)


@given(VALUES)
def test_groups_are_the_connected_ones(values: list[tuple[int, int]]) -> None:
    """Against a search by hand; 0 is no value."""
    columns = [np.array([one[at] for one in values], np.uint64) for at in (0, 1)]
    numbers = group(len(values), columns)
    reach = [{at} for at in range(len(values))]
    for _ in values:
        for one, other in combinations(range(len(values)), 2):
            shared = any(a == b != 0 for a, b in zip(values[one], values[other], strict=True))
            if shared or reach[one] & reach[other]:
                reach[one] |= reach[other]
                reach[other] |= reach[one]
    for one, other in combinations(range(len(values)), 2):
        assert (numbers[one] == numbers[other]) == bool(reach[one] & reach[other])


def test_pairs_join_groups() -> None:
    assert group(4, [], [np.array([[0, 2], [2, 3]])]).tolist() == [0, 1, 0, 0]


def test_an_absent_null_or_empty_value_is_none() -> None:
    column = read_columns([made(1), made(2, speaker=None), made(3, speaker=""), made(4, speaker="a")], ["speaker"])
    assert column["speaker"].tolist() == [0, 0, 0, hash64("a")]


def test_a_text_is_the_same_whatever_its_case_and_marks() -> None:
    texts = ["Play jazz!", "play  JAZZ", "play jazz, now", "", "...", None]
    one, other, third, *none = read_columns([made(1, text) for text in texts], [TEXT])[TEXT].tolist()
    assert one == other != third
    assert none == [0, 0, 0]


def test_a_file_is_the_same_however_its_path_is_written() -> None:
    rows = [replace(made(1), audio_filepath=path) for path in ("a.flac", "./b/../a.flac", "b.flac")]
    one, other, third = read_columns(rows, [FILE])[FILE].tolist()
    assert one == other != third


def test_a_row_is_itself_wherever_its_manifest_lies() -> None:
    here, there = made(1), replace(made(1), audio_filepath="../made/1.flac")
    by_hash = [made(1, sha256="f00"), made(2, sha256="f00")]
    columns = read_columns([here, there, *by_hash], [ITSELF])[ITSELF].tolist()
    assert columns[0] == columns[1]
    assert columns[2] == columns[3]


def test_a_text_that_no_encoding_holds_has_a_hash() -> None:
    assert hash64("\ud800") != hash64("\ud801")
