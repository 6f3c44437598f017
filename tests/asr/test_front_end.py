"""From a recording to the pieces that a recognizer gets: nothing lost silently, nothing heard twice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asr.audio import SAMPLE_RATE_HZ, Audio
from asr.decode import decode
from asr.front_end import MIN_GAP_S, FrontEnd, LeftOut, Prepared, SilenceKind, is_silent, prepare
from asr.loudness import LoudnessTarget, integrated_loudness_lufs
from asr.vad import ClippingRule, VoiceActivity, WebRtcDetector, speech_spans

HOP_S = 0.1
HOP = round(HOP_S * SAMPLE_RATE_HZ)
UNTOUCHED = FrontEnd(loudness=None)
ROUNDING_S = 0.002


def flattened(runs: list[tuple[bool, int]]) -> list[bool]:
    return [speaks for speaks, length in runs for _ in range(length)]


speech_by_frame = st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=6).map(flattened)
front_ends = st.builds(
    FrontEnd,
    clipping=st.builds(
        ClippingRule,
        hangover_s=st.floats(0, 1),
        lead_padding_s=st.floats(0, 1),
        trail_padding_s=st.floats(0, 1),
        min_speech_s=st.just(0.06),
    ),
    loudness=st.none(),
    lead_silence_s=st.floats(0, 0.5),
    trail_silence_s=st.floats(0, 0.5),
    cut_silence=st.booleans(),
    recognize_undetected=st.booleans(),
)


@dataclass(frozen=True)
class Scripted:
    """A voice detector that says what it was told to."""

    speech: Sequence[bool]
    name: str = "scripted"
    hop_s: float = HOP_S

    def load(self) -> None:
        return

    def activity(self, audio: Audio) -> VoiceActivity:
        frames = -(-len(audio.samples) // HOP)
        assert frames == len(self.speech)
        return VoiceActivity(np.array(self.speech, np.float32), self.hop_s, audio.duration_s)


def noise_of(duration_s: float, *, level: float = 0.05) -> Audio:
    samples = np.random.default_rng(5).standard_normal(round(duration_s * SAMPLE_RATE_HZ)) * level
    return Audio(samples.astype(np.float32))


def prepared(speech: Sequence[bool], front_end: FrontEnd = UNTOUCHED, max_piece_s: float = 30.0) -> Prepared:
    return prepare(noise_of(len(speech) * HOP_S), front_end, Scripted(speech), max_piece_s=max_piece_s)


@pytest.fixture(scope="module")
def query(query_clip: Path) -> Audio:
    return decode(query_clip.read_bytes())


@given(speech_by_frame, front_ends, st.floats(4.0, 12.0))
@settings(deadline=None)
def test_pieces_and_gaps_share_the_recording(speech: list[bool], front_end: FrontEnd, max_piece_s: float) -> None:
    one = prepared(speech, front_end, max_piece_s)
    spans = sorted([piece.span for piece in one.pieces] + [gap.span for gap in one.untranscribed])
    assert all(before.end_s <= after.start_s + 1e-9 for before, after in pairwise(spans))
    edges = [0.0, *(t for span in spans for t in (span.start_s, span.end_s)), len(speech) * HOP_S]
    unaccounted = [after - before for before, after in zip(edges[::2], edges[1::2], strict=True)]
    assert all(-1e-9 <= gap_s < MIN_GAP_S for gap_s in unaccounted)


@given(speech_by_frame, front_ends, st.floats(4.0, 12.0))
@settings(deadline=None)
def test_all_speech_is_in_pieces_that_fit(speech: list[bool], front_end: FrontEnd, max_piece_s: float) -> None:
    one = prepared(speech, front_end, max_piece_s)
    activity = VoiceActivity(np.array(speech, np.float32), HOP_S, len(speech) * HOP_S)
    assert all(piece.audio.duration_s <= max_piece_s + ROUNDING_S for piece in one.pieces)
    for span in speech_spans(activity, front_end.clipping):
        inside_s = [
            max(0.0, min(span.end_s, piece.span.end_s) - max(span.start_s, piece.span.start_s)) for piece in one.pieces
        ]
        assert sum(inside_s) == pytest.approx(span.duration_s)


@given(speech_by_frame)
@settings(deadline=None, max_examples=20)
def test_the_same_recording_gives_the_same_pieces(speech: list[bool]) -> None:
    noisy = replace(UNTOUCHED, silence=SilenceKind.NOISE)
    for one, other in zip(prepared(speech, noisy).pieces, prepared(speech, noisy).pieces, strict=True):
        np.testing.assert_array_equal(one.audio.samples, other.audio.samples)


def test_a_piece_is_its_span_between_silence() -> None:
    speech = [False] * 20 + [True] * 10 + [False] * 20
    front_end = replace(UNTOUCHED, lead_silence_s=0.25, trail_silence_s=0.5)
    (piece,) = prepared(speech, front_end).pieces
    assert (piece.span.start_s, piece.span.end_s) == pytest.approx((1.7, 3.3))
    lead, middle, trail = np.split(piece.audio.samples, [4_000, len(piece.audio.samples) - 8_000])
    np.testing.assert_array_equal(middle, noise_of(5.0).samples[27_200:52_800])
    assert not lead.any()
    assert not trail.any()


def test_silence_may_be_noise_at_the_level_of_the_quietest_part() -> None:
    speech = [False] * 5 + [True] * 20 + [False] * 5
    audio = noise_of(3.0)
    quiet = np.concatenate([audio.samples[:24_000], audio.samples[24_000:] * 0.1])
    front_end = replace(UNTOUCHED, silence=SilenceKind.NOISE)
    (piece,) = prepare(Audio(quiet), front_end, Scripted(speech), max_piece_s=30.0).pieces
    lead, trail = piece.audio.samples[:4_000], piece.audio.samples[-8_000:]
    for added in (lead, trail):
        assert float(np.sqrt(np.mean(added**2))) == pytest.approx(0.005, rel=0.15)
    assert not np.array_equal(lead, trail[:4_000])


def test_short_pauses_stay_and_long_ones_go() -> None:
    speech = [True] * 10 + [False] * 40 + [True] * 10
    (piece,) = prepared(speech).pieces
    kept_s = piece.audio.duration_s - UNTOUCHED.lead_silence_s - UNTOUCHED.trail_silence_s
    assert piece.span.duration_s == pytest.approx(6.0)
    assert kept_s == pytest.approx(2.6, abs=ROUNDING_S)
    (whole,) = prepared(speech, replace(UNTOUCHED, cut_silence=False)).pieces
    assert whole.audio.duration_s == pytest.approx(6.75, abs=ROUNDING_S)


def test_speech_without_a_pause_is_cut_and_no_sample_is_heard_twice() -> None:
    front_end = replace(UNTOUCHED, lead_silence_s=0.0, trail_silence_s=0.0)
    one = prepared([True] * 120, front_end, 5.0)
    assert len(one.pieces) > 2
    np.testing.assert_array_equal(np.concatenate([p.audio.samples for p in one.pieces]), noise_of(12.0).samples)


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_a_silent_recording_has_nothing_to_recognize(level: float) -> None:
    audio = noise_of(2.0, level=level)
    assert is_silent(audio)
    one = prepare(audio, FrontEnd(), Scripted([False] * 20), max_piece_s=30.0)
    assert one.pieces == ()
    assert [gap.reason for gap in one.untranscribed] == [LeftOut.SILENCE]
    assert one.untranscribed[0].span.duration_s == 2.0
    assert one.statistics.speech_s == 0.0


def test_sound_that_the_detector_takes_for_none_is_recognized_whole() -> None:
    one = prepared([False] * 20)
    (piece,) = one.pieces
    assert (piece.span.start_s, piece.span.end_s) == (0.0, 2.0)
    assert piece.speech_probability == 0.0
    assert one.untranscribed == ()
    assert one.statistics.speech_s == 0.0


def test_long_sound_that_the_detector_takes_for_none_is_recognized_in_pieces() -> None:
    front_end = replace(UNTOUCHED, lead_silence_s=0.0, trail_silence_s=0.0)
    one = prepared([False] * 120, front_end, 5.0)
    assert all(piece.audio.duration_s <= 5.0 for piece in one.pieces)
    np.testing.assert_array_equal(np.concatenate([p.audio.samples for p in one.pieces]), noise_of(12.0).samples)
    assert one.untranscribed == ()


def test_undetected_sound_can_be_left_out_and_is_reported() -> None:
    one = prepared([False] * 20, replace(UNTOUCHED, recognize_undetected=False))
    assert one.pieces == ()
    assert [(gap.span.start_s, gap.span.end_s, gap.reason) for gap in one.untranscribed] == [
        (0.0, 2.0, LeftOut.NO_SPEECH)
    ]


def test_a_gap_says_whether_there_was_sound_in_it() -> None:
    speech = [False] * 20 + [True] * 10 + [False] * 20
    samples = noise_of(5.0).samples.copy()
    samples[: 2 * SAMPLE_RATE_HZ] = 0.0
    one = prepare(Audio(samples), UNTOUCHED, Scripted(speech), max_piece_s=30.0)
    assert [gap.reason for gap in one.untranscribed] == [LeftOut.SILENCE, LeftOut.NO_SPEECH]


def test_a_truncated_file_is_reported_at_its_end() -> None:
    audio = replace(noise_of(1.0), truncated=True)
    one = prepare(audio, UNTOUCHED, Scripted([True] * 10), max_piece_s=30.0)
    assert [(gap.span.start_s, gap.span.end_s, gap.reason) for gap in one.untranscribed] == [
        (1.0, 1.0, LeftOut.TRUNCATED_FILE)
    ]
    assert one.pieces[0].audio.truncated


def test_an_empty_recording_has_no_pieces() -> None:
    one = prepared([])
    assert one.pieces == ()
    assert one.untranscribed == ()
    assert one.statistics.duration_s == 0.0


def test_evidence_is_the_mean_of_the_strongest_fifth_of_a_second() -> None:
    assert prepared([False] * 10 + [True] + [False] * 10).pieces[0].speech_probability == pytest.approx(0.5)
    assert prepared([False] * 10 + [True] * 3 + [False] * 10).pieces[0].speech_probability == 1.0


def test_speech_is_brought_to_the_target_level(query: Audio) -> None:
    front_end = FrontEnd(loudness=LoudnessTarget(level_lufs=-33.0), lead_silence_s=0.0, trail_silence_s=0.0)
    quiet = Audio(query.samples * np.float32(0.3))
    levels = [
        integrated_loudness_lufs(piece.audio)
        for audio in (query, quiet)
        for piece in prepare(audio, front_end, WebRtcDetector(), max_piece_s=30.0).pieces
    ]
    assert levels == pytest.approx([-33.0, -33.0], abs=0.1)


def test_without_a_target_the_level_stays(query: Audio) -> None:
    (piece,) = prepare(query, UNTOUCHED, WebRtcDetector(), max_piece_s=30.0).pieces
    assert np.abs(piece.audio.samples).max() == np.abs(query.samples).max()


def test_timings_say_where_the_time_went(query: Audio) -> None:
    timings_ms = prepare(query, FrontEnd(), WebRtcDetector(), max_piece_s=30.0).timings_ms
    assert timings_ms.keys() == {"vad", "loudness"}
    assert all(value > 0 for value in timings_ms.values())
