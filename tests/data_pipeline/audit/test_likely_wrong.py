"""Doubt in a label grows with what the model did not hear, with its confidence, and with the length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import ranked
from data_pipeline.audit.likely_wrong import check_likely_wrong, differing_letters, doubt
from data_pipeline.audit.thresholds import DEFAULT
from tests.data_pipeline.audit.conftest import entry


@pytest.mark.parametrize(
    ("label", "heard"),
    [
        ("What time is it?", "what time is it"),
        ("ONE SIX OH SIX THREE", "One, six, oh, six, three."),
        ("9898", "nine eight nine eight"),
        ("wine glass", "Wineglass."),
        ("the colour", "The color."),
        ("um, don't", "do not"),
    ],
)
def test_another_writing_is_no_reason_to_doubt(label: str, heard: str) -> None:
    assert doubt(label, heard, 1.0) == 0


def test_differing_letters() -> None:
    assert differing_letters("computer", "It hisses.") == (7, 8)
    assert differing_letters("one fifty", "150.") == (0, 3)
    assert differing_letters("abc", "xyz") == (3, 3)
    assert differing_letters("", "") == (0, 1)


def test_doubt_grows_with_evidence() -> None:
    label, near, far = "canned pears lack full flavor", "canned bears lack full flavor", "jump the fence and hurry up"
    assert 0 < doubt(label, near, 0.8) < doubt(label, far, 0.8) < doubt(label, far, 0.9)
    assert doubt("one", "why", 0.9) < doubt(f"{label} one", f"{far} why", 0.9)
    assert doubt(label, far, 0.4) < doubt(label, far, None) < doubt(label, far, 0.6)


@given(st.text(max_size=40), st.text(max_size=40), st.none() | st.floats(0, 1))
def test_doubt_is_a_share_for_any_text(label: str, heard: str, confidence: float | None) -> None:
    edits, length = differing_letters(label, heard)
    assert 0 <= edits <= length
    assert 0 <= doubt(label, heard, confidence) < 1


def test_rows_without_label_or_model_are_not_doubted() -> None:
    rows = [entry(None, heard=("a", 1.0)), entry("", heard=("many words were heard here", 1.0)), entry("some label")]
    assert check_likely_wrong(rows, DEFAULT) == []


def test_the_wrong_label_among_the_carried_ones_ranks_first(carried: list[Entry]) -> None:
    # It says "KEN PAIRS LACK FULL FLAVOR"; what is heard is another of the Harvard sentences.
    first, *others = ranked(check_likely_wrong(carried, DEFAULT))
    assert first.rows == ("speech/speechbrain__spk2_snt5.flac@0",)
    assert "Jump the fence" in first.message
    assert len(others) <= 3
