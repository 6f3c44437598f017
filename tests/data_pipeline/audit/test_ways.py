"""Ways of writing: what a rule makes one was in conflict, and what is in the convention is not."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.convention import SEARCH
from data_pipeline.audit.ways import conflicting, conflicts, out_of_line, usages

PHRASE = (
    "the The THE it's it is um, um... uh colour color 3 three Three twenty one 21 okay OK what's what is , . ? "
    "don't do not e-mail email I'm"
)
VOCABULARY = PHRASE.split()


def found(*texts: str) -> dict[tuple[str, str], dict[str, int]]:
    return {place: dict(ways) for place, ways in conflicts(usages(texts)).items()}


@pytest.mark.parametrize(
    ("texts", "place", "ways"),
    [
        (["play song", "PLAY SONG", "Play song"], ("case", "case"), {"lower case": 1, "CAPITALS": 1, "Mixed case": 1}),
        (["3 eggs", "three eggs", "three men"], ("numbers", "3"), {"3": 1, "three": 2}),
        (["on 21", "on twenty one"], ("numbers", "21"), {"21": 1, "twenty one": 1}),
        (
            ["um, no", "um... no", "yes"],
            ("fillers", "fillers"),
            {"um,": 1, "um...": 1, "without fillers": 1},
        ),
        (["room 3", "room four"], ("numbers", "numbers"), {"in digits": 1, "in words": 1}),
        (["it's on", "it is on"], ("contractions", "it is"), {"it's": 1, "it is": 1}),
        (["my colour", "the color"], ("spelling", "color"), {"colour": 1, "color": 1}),
        (
            ["what time", "what time?"],
            ("punctuation", "punctuation"),
            {"with punctuation": 1, "without punctuation": 1},
        ),
        (["a\u200bb c", "ab c"], ("unicode", "unicode"), {"with unicode": 1, "without unicode": 1}),
    ],
)
def test_two_ways_of_one_thing_are_a_conflict(texts: list[str], place: tuple[str, str], ways: dict[str, int]) -> None:
    assert found(*texts)[place] == ways


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["play song", "play song", "another"],
        ["PLAY", "STOP"],
        ["What's up?", "Who's there?"],
        ["3 men", "4 men"],
        ["three men", "three eggs"],
        ["123", "today"],
        ["APRIL THIRTIETH NINETEEN SIXTY NINE", "OCTOBER FIRST NINETEEN SIXTY NINE"],
        ["ONE OH OH TWO EIGHT", "EIGHT", "TWENTY EIGHT"],
    ],
)
def test_one_way_is_no_conflict(texts: list[str]) -> None:
    assert found(*texts) == {}


def test_case_comes_before_numbers() -> None:
    ways = found("Three", "three", "3")
    assert ways[("numbers", "3")] == {"three": 2, "3": 1}
    assert ways[("case", "case")] == {"Mixed case": 1, "lower case": 1}


def test_a_number_is_out_of_line_once() -> None:
    assert conflicting(usages(["buy 3", "buy three", "sell 3"])) == 1
    assert conflicting(usages(["it's 3", "it is three", "it is 3"])) == 2
    assert conflicting(usages(["buy it", "sell it"])) == 0


def test_out_of_line_is_what_is_not_the_commonest_way() -> None:
    assert out_of_line(Counter({"3": 5, "three": 2, "Three": 1})) == 3


@given(st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=6).map(" ".join), max_size=8))
def test_labels_in_the_search_convention_have_no_conflict(texts: list[str]) -> None:
    assert found(*map(SEARCH.apply, texts)) == {}


@given(st.lists(st.text(max_size=30), max_size=6))
def test_any_text_has_usages(texts: list[str]) -> None:
    assert len(usages(texts)) == len(texts)
