"""Subtitles: times, escaping, and no cue where nothing is said."""

import re

import pytest

from asr.audio import Span
from asr.pipeline import Segment
from asr.subtitles import srt, vtt


def segment(start_s: float, end_s: float, text: str) -> Segment:
    return Segment(
        Span(start_s, end_s), text, text, words=(), tokens=(), token_log_probs=(), confidence=1.0, speech=1.0
    )


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
