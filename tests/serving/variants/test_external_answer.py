"""Answers of older systems, as they write them and as nobody should."""

import math
from pathlib import Path

import orjson
import pytest

from asr import convention
from asr.decode import decode
from asr.front_end import FrontEnd, LeftOut, Prepared, prepare
from asr.loading import Detector, load_detector
from asr.pipeline import Transcription
from serving.variants.external_answer import UnusableAnswer, read_answer


@pytest.fixture(scope="module")
def prepared(query_clip: Path) -> Prepared:
    audio = decode(query_clip.read_bytes())
    return prepare(audio, FrontEnd(), load_detector(Detector.SILERO), max_piece_s=30)


def read(prepared: Prepared, document: object) -> Transcription:
    return read_answer(orjson.dumps(document), prepared, convention.SEARCH, model="old")


def segment(**changed: object) -> dict[str, object]:
    return {"id": 0, "seek": 0, "start": 0.0, "end": 2.0, "text": " What time is it?", "tokens": [1]} | changed


def test_the_text_is_written_in_our_convention_and_measured_by_our_front_end(prepared: Prepared) -> None:
    heard = read(prepared, {"text": " What time is it?", "unknown": [1]})
    assert (heard.text, heard.raw_text) == ("what time is it", "What time is it?")
    assert heard.statistics is prepared.statistics
    assert (heard.model, heard.convention) == ("old", convention.SEARCH.id)
    assert [one.span.duration_s for one in heard.segments] == [pytest.approx(2.219, abs=1e-3)]
    assert heard.confidence == 0
    assert not heard.no_speech


def test_segments_and_their_log_probabilities_are_used_as_openai_gives_them(prepared: Prepared) -> None:
    segments = [
        segment(start=0.0, end=0.5, text=" What time", avg_logprob=-0.5, no_speech_prob=0.25),
        segment(start=0.5, end=2.0, text=" is it?", avg_logprob=0.1),
    ]
    heard = read(prepared, {"text": "What time is it?", "segments": segments})
    assert [one.text for one in heard.segments] == ["what time", "is it"]
    assert [one.speech for one in heard.segments] == [0.75, 1.0]
    assert heard.confidence == pytest.approx((0.5 * math.exp(-0.5) + 1.5) / 2)


def test_our_own_confidence_goes_before(prepared: Prepared) -> None:
    document = {"text": "what", "confidence": 0.9, "segments": [segment(confidence=0.8, avg_logprob=-3)]}
    heard = read(prepared, document)
    assert (heard.confidence, heard.segments[0].confidence) == (0.9, 0.8)


@pytest.mark.parametrize("document", [{"text": ""}, {"text": "  ", "segments": []}, {"text": "you", "no_speech": True}])
def test_where_nobody_spoke_there_is_no_text(prepared: Prepared, document: object) -> None:
    heard = read(prepared, document)
    assert heard.no_speech
    assert (heard.text, heard.raw_text, heard.segments, heard.confidence) == ("", "", (), 0.0)
    assert LeftOut.NO_SPEECH in [one.reason for one in heard.untranscribed]


def test_a_segment_ends_with_the_recording(prepared: Prepared) -> None:
    heard = read(prepared, {"text": "what", "segments": [segment(start=0.0, end=30.0), segment(start=40.0, end=50.0)]})
    assert [one.span.end_s for one in heard.segments] == [prepared.statistics.duration_s] * 2
    assert heard.segments[1].span.duration_s == 0


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"text": None},
        {"text": 7},
        {"text": "what\x00time"},
        {"text": "x" * 200_001},
        {"text": "what", "confidence": 1.5},
        {"text": "what", "confidence": "high"},
        {"text": "what", "segments": "none"},
        {"text": "what", "segments": [{}]},
        {"text": "what", "segments": [segment(start=-1.0)]},
        {"text": "what", "segments": [segment(end="late")]},
        {"text": "what", "segments": [segment(end=1e300)]},
        {"text": "what", "segments": [segment(no_speech_prob=2)]},
        {"text": "what", "segments": [segment()] * 10_001},
    ],
)
def test_what_is_no_transcription_is_refused(prepared: Prepared, document: object) -> None:
    with pytest.raises(UnusableAnswer):
        read(prepared, document)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"text": ', b"\xff\xfe", b'{"text": "\\ud800"}', b"[" * 100_000])
def test_what_is_no_json_is_refused(prepared: Prepared, body: bytes) -> None:
    with pytest.raises(UnusableAnswer):
        read_answer(body, prepared, convention.SEARCH, model="old")


def test_a_refusal_does_not_repeat_what_was_said(prepared: Prepared) -> None:
    with pytest.raises(UnusableAnswer) as refused:
        read(prepared, {"text": ["a secret"]})
    assert "secret" not in str(refused.value)
