"""One query from bytes to a written transcript, on real recordings; and how hypotheses become a transcription."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from asr import convention
from asr.audio import SAMPLE_RATE_HZ, Audio, Span
from asr.confidence import Calibration
from asr.decode import PcmFormat, decode
from asr.errors import UndecodableAudio
from asr.front_end import FrontEnd, LeftOut, Piece, Prepared, Untranscribed, prepare
from asr.loading import load_pipeline
from asr.metrics import word_errors
from asr.pipeline import Pipeline, Transcription, conclude, decode_and_prepare, transcribe
from asr.recognizer import Hypothesis, Word, never_cancelled
from asr.statistics import measure
from asr.vad import WebRtcDetector
from tests.conftest import Recording

HEARD_EXACTLY = {
    "voice_queries__v2j_what_time_is_it": "what time is it",
    "voice_queries__v2j_would_you": "would you please turn on the living room lamp",
    "voice_queries__wyoming_lamp": "turn on the living room lamp",
    "voice_queries__gc_brooklyn": "how old is the brooklyn bridge",
    "voice_queries__gc_half_an_hour": "half an hour",
    "voice_queries__gc_two_people": "2 people",
    "speech_commands__left_2f813234_nohash_1": "left",
    "picovoice_wakeword__jarvis_d641ba36-1682-45a8-a26c-60fed96a32c8": "jarvis",
    "librispeech__i_tell_you": "i tell you it is not poison she cried",
}
MAX_LOG_PROB_CHANGE = 0.1


@dataclass(frozen=True)
class Deaf:
    """An engine that is never asked."""

    model_id: str = "deaf"
    max_duration_s: float = 30.0

    def recognize(self, batch: Sequence[Audio], cancelled: Callable[[int], bool] = never_cancelled) -> list[Hypothesis]:
        assert not batch
        return []


SURE_OF_TEXT = Calibration.read({"speech_speech_logit": 1.0, "text_mean_log_prob": 1.0, "text_intercept": 2.0}, ())
FAKED = Pipeline(FrontEnd(), WebRtcDetector(), Deaf(), SURE_OF_TEXT, convention.get("search"))


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return load_pipeline()


@pytest.fixture(scope="module")
def heard(pipeline: Pipeline, speech: list[Recording]) -> dict[str, Transcription]:
    results = transcribe([recording.path.read_bytes() for recording in speech], pipeline)
    return {recording.path.stem: result for recording, result in zip(speech, results, strict=True)}


def heard_as(text: str, log_prob: float = -0.1, *, truncated: bool = False) -> Hypothesis:
    words = tuple(Word(word, 0.9) for word in text.split())
    return Hypothesis(text, words, tuple(range(len(words))), (log_prob,) * len(words), truncated)


def prepared(*pieces: tuple[Span, float], left_out: tuple[Untranscribed, ...] = ()) -> Prepared:
    nothing = Audio(np.empty(0, np.float32))
    made = tuple(Piece(nothing, span, speech) for span, speech in pieces)
    return Prepared(made, measure(nothing, []), left_out, {"decode": 1.0})


def test_clear_queries_are_heard_exactly(heard: dict[str, Transcription]) -> None:
    assert {name: heard[name].text for name in HEARD_EXACTLY} == HEARD_EXACTLY


def test_carried_sentences_are_mostly_right(heard: dict[str, Transcription], speech: list[Recording]) -> None:
    errors = word_errors([recording.text for recording in speech], [one.text for one in heard.values()])
    # Measured: 11.3 %, two of three without an error.
    assert (errors.wer or 1) < 0.14
    assert (errors.exact_ratio or 0) > 0.6


def test_no_carried_speech_but_one_is_called_no_speech(heard: dict[str, Transcription]) -> None:
    assert sum(one.no_speech for one in heard.values()) <= 1


def test_a_transcription_is_consistent(heard: dict[str, Transcription], pipeline: Pipeline) -> None:
    for one in heard.values():
        assert one.convention == "search@1"
        assert one.model == pipeline.recognizer.model_id
        assert one.no_speech == (not one.segments) == (one.confidence == 0.0)
        assert 0 <= one.confidence <= 1
        assert " ".join(word.text for word in one.words) == one.raw_text
        assert pipeline.convention.apply(one.text) == one.text
        assert one.timings_ms.keys() == {"decode", "vad", "loudness", "recognize"}
        assert list(one.untranscribed) == sorted(one.untranscribed, key=lambda gap: gap.span)


def test_digits_said_again_and_again_survive(heard: dict[str, Transcription]) -> None:
    assert heard["voice_queries__vosk_numbers"].text == "10001 90210 01803"


def test_noise_is_no_speech(pipeline: Pipeline, noise: list[Recording]) -> None:
    for result in transcribe([recording.path.read_bytes() for recording in noise], pipeline):
        assert result.no_speech
        assert result.text == result.raw_text == ""
        assert result.untranscribed
        assert result.statistics.duration_s == pytest.approx(2.5, abs=0.01)


def test_recordings_together_give_what_each_gives_alone(
    pipeline: Pipeline, heard: dict[str, Transcription], speech: list[Recording]
) -> None:
    for recording in speech[::4]:
        (alone,) = transcribe([recording.path.read_bytes()], pipeline)
        together = heard[recording.path.stem]
        assert (alone.text, alone.raw_text) == (together.text, together.raw_text)
        assert (alone.untranscribed, alone.statistics) == (together.untranscribed, together.statistics)
        for one, other in zip(alone.segments, together.segments, strict=True):
            assert (one.span, one.tokens) == (other.span, other.tokens)
            np.testing.assert_allclose(one.token_log_probs, other.token_log_probs, atol=MAX_LOG_PROB_CHANGE)


def test_nothing_to_transcribe_is_an_empty_answer() -> None:
    assert transcribe([], FAKED) == []


def test_silence_is_a_result_without_asking_the_engine() -> None:
    silence = bytes(2 * SAMPLE_RATE_HZ)
    (result,) = transcribe([silence], FAKED, pcm=PcmFormat(sample_rate_hz=SAMPLE_RATE_HZ))
    assert result.no_speech
    assert result.untranscribed == (Untranscribed(Span(0.0, 1.0), LeftOut.SILENCE),)


def test_a_recording_that_cannot_be_used_is_an_error(query_clip: Path) -> None:
    with pytest.raises(UndecodableAudio):
        transcribe([query_clip.read_bytes(), b"this is text, not sound"], FAKED)


def test_long_speech_is_heard_in_pieces_and_none_of_it_twice(pipeline: Pipeline, speech: list[Recording]) -> None:
    chosen = [recording for recording in speech if recording.source in {"vctk", "ljspeech", "librispeech"}]
    sound = np.concatenate([decode(recording.path.read_bytes()).samples for recording in chosen])
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    (result,) = transcribe([pcm], pipeline, pcm=PcmFormat(sample_rate_hz=SAMPLE_RATE_HZ))
    assert len(result.segments) >= 2
    assert (word_errors([" ".join(r.text for r in chosen)], [result.text]).wer or 1) < 0.05  # measured: 0.019


def test_the_same_samples_leave_the_front_end_however_it_is_called(pipeline: Pipeline, query_clip: Path) -> None:
    data = query_clip.read_bytes()
    through_pipeline = decode_and_prepare(data, pipeline)
    by_hand = prepare(decode(data), pipeline.front_end, pipeline.detector, max_piece_s=30.0)
    for one, other in zip(through_pipeline.pieces, by_hand.pieces, strict=True):
        np.testing.assert_array_equal(one.audio.samples, other.audio.samples)
        assert (one.span, one.speech_probability) == (other.span, other.speech_probability)


def test_pieces_become_one_text_in_the_convention() -> None:
    one = prepared((Span(0, 2), 0.9), (Span(3, 5), 0.9))
    result = conclude(one, [heard_as("Um, today's weather"), heard_as("in Twenty cities.")], FAKED)
    assert result.raw_text == "Um, today's weather in Twenty cities."
    assert result.text == " ".join(FAKED.convention.apply(t) for t in ("Um, today's weather", "in Twenty cities."))
    assert [segment.span for segment in result.segments] == [Span(0, 2), Span(3, 5)]
    assert [word.text for word in result.words] == result.raw_text.split()
    assert not result.no_speech
    assert result.untranscribed == ()


def test_pieces_without_speech_are_left_out_with_the_reason() -> None:
    gap = Untranscribed(Span(2, 3), LeftOut.SILENCE)
    one = prepared((Span(0, 2), 0.9), (Span(3, 5), 0.2), (Span(6, 7), 0.9), left_out=(gap,))
    result = conclude(one, [heard_as("Lamp."), heard_as("You"), heard_as("")], FAKED)
    assert result.text == "lamp"
    assert result.untranscribed == (
        gap,
        Untranscribed(Span(3, 5), LeftOut.NO_SPEECH),
        Untranscribed(Span(6, 7), LeftOut.NO_SPEECH),
    )


def test_neighbours_that_are_left_out_for_one_reason_are_one() -> None:
    around = tuple(Untranscribed(Span(a, b), LeftOut.NO_SPEECH) for a, b in ((5, 8), (0, 2)))
    one = prepared((Span(2, 5), 0.1), left_out=(*around, Untranscribed(Span(8, 8), LeftOut.TRUNCATED_FILE)))
    assert conclude(one, [heard_as("You")], FAKED).untranscribed == (
        Untranscribed(Span(0, 8), LeftOut.NO_SPEECH),
        Untranscribed(Span(8, 8), LeftOut.TRUNCATED_FILE),
    )


def test_the_threshold_decides_what_is_speech() -> None:
    one = prepared((Span(0, 2), 0.6))
    for min_speech, no_speech in ((0.59, False), (0.61, True)):
        strict = replace(FAKED, calibration=replace(SURE_OF_TEXT, min_speech=min_speech))
        result = conclude(one, [heard_as("Lamp.")], strict)
        assert result.no_speech is no_speech
        assert bool(result.confidence) is not no_speech


def test_a_text_that_went_in_circles_is_kept_and_reported() -> None:
    one = prepared((Span(0, 2), 0.9))
    result = conclude(one, [heard_as("la la", truncated=True)], FAKED)
    assert result.text == "la la"
    assert result.untranscribed == (Untranscribed(Span(0, 2), LeftOut.REPETITION),)


def test_confidence_is_weighted_by_length() -> None:
    one = prepared((Span(0, 9), 0.9), (Span(9, 10), 0.9))
    result = conclude(one, [heard_as("sure", 0.0), heard_as("unsure", -9.0)], FAKED)
    sure, unsure = (segment.confidence for segment in result.segments)
    assert sure > 0.8 > 0.1 > unsure
    assert result.confidence == pytest.approx(0.9 * sure + 0.1 * unsure)


def test_every_piece_needs_its_hypothesis() -> None:
    with pytest.raises(ValueError, match="shorter"):
        conclude(prepared((Span(0, 2), 0.9)), [], FAKED)
