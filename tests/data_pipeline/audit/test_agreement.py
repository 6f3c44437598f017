"""Agreement beyond chance has its published value, and names the one who disagrees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.audit.agreement import (
    check_agreement,
    krippendorff_alpha,
    overall_agreement,
    pairwise_agreement,
    word_distance,
)
from data_pipeline.audit.entries import Entry
from data_pipeline.audit.thresholds import DEFAULT
from tests.data_pipeline.audit.conftest import entry, sound

# Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), example C: four observers, twelve units; 0 is none.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3),
    (0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0),
)
UNITS = [[value for value in unit if value] for unit in zip(*OBSERVERS, strict=True)]


def test_alpha_of_krippendorffs_example() -> None:
    assert krippendorff_alpha(UNITS, lambda a, b: float(a != b)) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(UNITS, lambda a, b: float(a - b) ** 2) == pytest.approx(0.849, abs=5e-4)


def test_alpha_is_undefined_where_chance_would_agree_too() -> None:
    assert krippendorff_alpha([[1, 1], [1, 1, 1]], lambda a, b: float(a != b)) is None
    assert krippendorff_alpha([[1], [2]], lambda a, b: float(a != b)) is None
    assert krippendorff_alpha([], lambda a, b: float(a != b)) is None


@given(st.lists(st.lists(st.integers(0, 5), min_size=2, max_size=4), min_size=1, max_size=10))
def test_alpha_is_at_most_one_and_one_for_full_agreement(units: list[list[int]]) -> None:
    def differs(a: int, b: int) -> float:
        return float(a != b)

    alpha = krippendorff_alpha(units, differs)
    assert alpha is None or alpha <= 1
    agreed = krippendorff_alpha([[unit[0]] * len(unit) for unit in units], differs)
    assert agreed in (None, 1.0)


def test_word_distance_is_a_share() -> None:
    assert word_distance(("a", "b"), ("a", "c")) == 0.5
    assert word_distance((), ("a",)) == 1.0
    assert word_distance((), ()) == 0.0


def labelled(**texts: list[str]) -> list[Entry]:
    """Recordings that every labeler wrote."""
    return [
        entry(text, sound(fingerprint=str(number)), labeler=labeler)
        for labeler, of_one in texts.items()
        for number, text in enumerate(of_one)
    ]


WORDS = ["one song", "two eggs", "stop now", "play on", "next one", "turn left", "go home"]
WRONG = ["one sung", "few legs", "stop now", "okay on", "text one", "turn left", "go Rome"]


def test_words_count_and_writing_does_not() -> None:
    (pair,) = pairwise_agreement(labelled(ana=WORDS, ben=[f"{text.upper()}." for text in WORDS]))
    assert (pair.labelers, pair.recordings, pair.exact_ratio, pair.wer, pair.alpha) == (
        ("ana", "ben"),
        7,
        1.0,
        0.0,
        1.0,
    )
    (pair,) = pairwise_agreement(labelled(ana=["play my song"], ben=["play song"]))
    assert pair.wer == pytest.approx(1 / 2.5)


def test_only_the_careless_one_is_told() -> None:
    entries = labelled(ana=WORDS, ben=WORDS, gus=WRONG)
    (finding,) = check_agreement(entries, DEFAULT)
    assert finding.evidence["labeler"] == "gus"
    assert set(finding.rows) == {one.key for n, one in enumerate(entries) if n % 7 in (0, 1, 3, 4, 6)}
    together = overall_agreement(entries)
    assert together is not None
    assert (together.labelers, together.recordings) == (("ana", "ben", "gus"), 7)


def test_of_two_who_disagree_one_finding_is_enough() -> None:
    assert len(check_agreement(labelled(ana=WORDS, gus=WRONG), DEFAULT)) == 1


def test_few_recordings_or_no_names_say_nothing() -> None:
    assert check_agreement(labelled(ana=WORDS[:3], gus=WRONG[:3]), DEFAULT) == []
    unnamed = [entry(text, sound(fingerprint="same")) for text in WORDS]
    assert (pairwise_agreement(unnamed), overall_agreement(unnamed)) == ([], None)
