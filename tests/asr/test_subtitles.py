"""Subtitles: times, escaping, no cue where nothing is said, and read back by a reader of each format."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.audio import Span
from asr.pipeline import Segment
from asr.subtitles import srt, vtt


def segment(start_s: float, end_s: float, text: str) -> Segment:
    return Segment(
        Span(start_s, end_s), text, text, words=(), tokens=(), token_log_probs=(), confidence=1.0, speech=1.0
    )


segments_of_speech = st.builds(
    segment,
    st.floats(0, 400_000),
    st.floats(0, 400_000),
    st.text(max_size=40) | st.sampled_from([" -->", "1", "\n\n2"]),
)


def read_cues(written: str, *, decimal: str) -> list[tuple[float, float, str]]:
    """Blocks between empty lines; each has its times, perhaps after a number, and then its text on one line."""
    cues: list[tuple[float, float, str]] = []
    for block in re.split(r"\n{2,}", written.strip("\n")):
        *number, times, text = block.split("\n")
        assert number in ([], [str(len(cues) + 1)])
        clock = rf"(\d\d+):([0-5]\d):([0-5]\d){re.escape(decimal)}(\d\d\d)"
        match = re.fullmatch(rf"{clock} --> {clock}", times)
        assert match
        hours, minutes, seconds, thousandths = zip(*[map(int, match.groups()[i : i + 4]) for i in (0, 4)], strict=True)
        start_s, end_s = (
            h * 3600 + m * 60 + s + t / 1000 for h, m, s, t in zip(hours, minutes, seconds, thousandths, strict=True)
        )
        cues.append((start_s, end_s, text))
    return cues


def expected_cues(segments: list[Segment]) -> list[tuple[float, float, str]]:
    texts = [(one.span, " ".join(one.text.split())) for one in segments]
    return [(round(span.start_s, 3), round(span.end_s, 3), text) for span, text in texts if text]


@given(st.lists(segments_of_speech, max_size=5))
def test_srt_is_read_back(segments: list[Segment]) -> None:
    written = srt(segments)
    cues = read_cues(written, decimal=",") if written else []
    assert [text for *_, text in cues] == [text for *_, text in expected_cues(segments)]
    for cue, expected in zip(cues, expected_cues(segments), strict=True):
        assert cue[:2] == pytest.approx(expected[:2], abs=0.0011)


@given(st.lists(segments_of_speech, max_size=5))
def test_vtt_is_read_back(segments: list[Segment]) -> None:
    header, _, written = vtt(segments).partition("\n\n")
    assert header.strip() == "WEBVTT"
    cues = read_cues(written, decimal=".") if written else []
    assert all("-->" not in text and "<" not in text for *_, text in cues)
    for (start_s, end_s, text), expected in zip(cues, expected_cues(segments), strict=True):
        assert (start_s, end_s) == pytest.approx(expected[:2], abs=0.0011)
        for mark, entity in (("<", "&lt;"), (">", "&gt;"), ("&", "&amp;")):
            text = text.replace(entity, mark)
        assert text == expected[2]


def test_srt_numbers_its_cues_and_leaves_out_empty_ones() -> None:
    written = srt([segment(0.5, 1.25, "One."), segment(2, 3, ""), segment(3661.9996, 3662.5, "Two.")])
    assert written.strip() == "1\n00:00:00,500 --> 00:00:01,250\nOne.\n\n2\n01:01:02,000 --> 01:01:02,500\nTwo."


def test_vtt_begins_with_its_name_and_escapes_marks() -> None:
    written = vtt([segment(0, 1, "a < b & c --> d")])
    assert written.strip() == "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na &lt; b &amp; c --&gt; d"


@pytest.mark.parametrize("segments", [[], [segment(0, 1, "")]])
def test_no_speech_is_no_cue(segments: list[Segment]) -> None:
    assert srt(segments) == ""
    assert not re.search("-->", vtt(segments))
