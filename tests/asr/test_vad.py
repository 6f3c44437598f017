"""One suite for every voice detector on real recordings, and the pure functions after them."""

import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.audio import SAMPLE_RATE_HZ, Audio, Span
from asr.cache import pull
from asr.decode import decode
from asr.errors import CorruptModel, ModelUnavailable
from asr.vad import (
    SILERO_SETTLING_FRAMES,
    ClippingRule,
    SileroDetector,
    VoiceActivity,
    VoiceDetector,
    WebRtcDetector,
    clip,
    silero_frames,
    speech_spans,
)
from tests.conftest import Recording

RULE = ClippingRule()


@pytest.fixture(scope="module")
def silero_model() -> Path:
    return pull("silero-vad-16k").path("silero_vad_16k_sequence.onnx")


@pytest.fixture(scope="module", params=["webrtc", "silero"])
def detector(request: pytest.FixtureRequest) -> VoiceDetector:
    made: VoiceDetector = WebRtcDetector()
    if request.param == "silero":
        made = SileroDetector(request.getfixturevalue("silero_model"))
    assert made.name == request.param
    made.load()
    return made


def sound(recording: Recording) -> Audio:
    return decode(recording.path.read_bytes())


@pytest.fixture(scope="module")
def query(query_clip: Path) -> Audio:
    return decode(query_clip.read_bytes())


def test_one_probability_for_each_frame(detector: VoiceDetector, query: Audio) -> None:
    for count in (0, 1, 479, 480, 481, 511, 512, 513, 16_000):
        activity = detector.activity(Audio(query.samples[:count]))
        assert activity.hop_s == detector.hop_s
        assert activity.probabilities.dtype == np.float32
        assert activity.probabilities.shape == (-(-count // round(detector.hop_s * SAMPLE_RATE_HZ)),)
        assert ((activity.probabilities >= 0) & (activity.probabilities <= 1)).all()


def test_speech_is_found(detector: VoiceDetector, speech: list[Recording]) -> None:
    found = [bool(speech_spans(detector.activity(sound(recording)), RULE)) for recording in speech]
    assert sum(found) >= 0.97 * len(found)


def test_silence_has_no_speech(detector: VoiceDetector) -> None:
    assert speech_spans(detector.activity(Audio(np.zeros(40_000, np.float32))), RULE) == ()


def test_noise_has_less_speech_than_speech(
    detector: VoiceDetector, speech: list[Recording], noise: list[Recording]
) -> None:
    def share(recordings: list[Recording]) -> float:
        return float(np.mean([detector.activity(sound(recording)).probabilities.mean() for recording in recordings]))

    assert share(noise) < 0.8 * share(speech)


def test_same_answer_twice_and_from_many_threads(detector: VoiceDetector, speech: list[Recording]) -> None:
    sounds = [sound(recording) for recording in speech[:6]]
    alone = [detector.activity(audio).probabilities for audio in sounds]
    together: dict[int, VoiceActivity] = {}

    def work(index: int) -> None:
        together[index] = detector.activity(sounds[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(sounds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, expected in enumerate(alone):
        np.testing.assert_array_equal(together[index].probabilities, expected)


def test_silero_on_noise_is_quiet(silero_model: Path, noise: list[Recording]) -> None:
    silero = SileroDetector(silero_model)
    heard = [recording.path.name for recording in noise if speech_spans(silero.activity(sound(recording)), RULE)]
    assert len(heard) <= 0.1 * len(noise), heard


def test_silero_agrees_with_the_published_graph_frame_by_frame(silero_model: Path, speech: list[Recording]) -> None:
    published = onnxruntime.InferenceSession(silero_model, providers=["CPUExecutionProvider"])
    for recording in speech[::9]:
        audio = sound(recording)
        hidden = cell = np.zeros((1, 1, 128), np.float32)
        context = np.zeros(64, np.float32)
        expected = []
        settled = np.concatenate([np.zeros(SILERO_SETTLING_FRAMES * 512, np.float32), audio.samples])
        for at in range(0, len(settled), 512):
            frame = np.zeros(512, np.float32)
            frame[: len(settled[at : at + 512])] = settled[at : at + 512]
            inputs = {"input": np.concatenate([context, frame])[None], "h": hidden, "c": cell}
            probability, hidden, cell = published.run(["speech_probs", "hn", "cn"], inputs)
            context = frame[-64:]
            expected.append(float(probability[0]))
        heard = SileroDetector(silero_model).activity(audio).probabilities
        np.testing.assert_allclose(heard, expected[SILERO_SETTLING_FRAMES:], atol=1e-3)


def test_silero_carries_its_state_over_blocks(silero_model: Path, query: Audio) -> None:
    long = Audio(np.tile(query.samples, 20))
    pieces = silero_frames(np.concatenate([np.zeros(SILERO_SETTLING_FRAMES * 512, np.float32), long.samples]))
    assert len(pieces) > 1024
    once = SileroDetector(silero_model)
    whole = once._session.run(
        ["speech_probs"],
        {"input": np.ascontiguousarray(pieces), **dict.fromkeys("hc", np.zeros((1, 1, 128), np.float32))},
    )
    np.testing.assert_allclose(once.activity(long).probabilities, whole[0][SILERO_SETTLING_FRAMES:], atol=1e-4)


def test_silero_model_must_be_there_and_whole(tmp_path: Path, silero_model: Path) -> None:
    with pytest.raises(ModelUnavailable, match="absent"):
        SileroDetector(tmp_path / "absent.onnx").load()
    broken = tmp_path / "broken.onnx"
    for data in (b"", b"not a model", silero_model.read_bytes()[:100_000]):
        broken.write_bytes(data)
        with pytest.raises(CorruptModel, match=r"broken\.onnx"):
            SileroDetector(broken).load()


def activity(*probabilities: float, hop_s: float = 0.1) -> VoiceActivity:
    return VoiceActivity(np.array(probabilities, np.float32), hop_s, len(probabilities) * hop_s)


def bounds(spans: tuple[Span, ...]) -> list[tuple[float, float]]:
    return [(round(span.start_s, 6), round(span.end_s, 6)) for span in spans]


def test_speech_holds_until_it_falls_below_release() -> None:
    rule = ClippingRule(threshold=0.5, release_threshold=0.3, hangover_s=0, min_speech_s=0)
    assert bounds(speech_spans(activity(0.4, 0.6, 0.4, 0.3, 0.2, 0.4, 0.9), rule)) == [(0.1, 0.4), (0.6, 0.7)]


def test_pauses_up_to_the_hangover_do_not_end_speech() -> None:
    frames = activity(1, 0, 0, 1, 0, 0, 0, 1)
    rule = ClippingRule(hangover_s=0.2, min_speech_s=0)
    assert bounds(speech_spans(frames, rule)) == [(0.0, 0.4), (0.7, 0.8)]


def test_short_spans_are_dropped_after_pauses_are_closed() -> None:
    frames = activity(1, 0, 1, 0, 0, 0, 0, 1)
    rule = ClippingRule(hangover_s=0.1, min_speech_s=0.3)
    assert bounds(speech_spans(frames, rule)) == [(0.0, 0.3)]


def test_spans_end_with_the_recording() -> None:
    frames = VoiceActivity(np.ones(3, np.float32), 0.1, 0.25)
    assert bounds(speech_spans(frames, ClippingRule())) == [(0.0, 0.25)]


def test_clip_keeps_the_original_sound_around_speech() -> None:
    audio = Audio(np.arange(32_000, dtype=np.float32), clipping_ratio=0.25, truncated=True)
    rule = ClippingRule(lead_padding_s=0.25, trail_padding_s=0.125)
    kept = clip(audio, [Span(0.1, 0.5), Span(1.0, 1.5)], rule)
    assert bounds(kept.kept) == [(0.0, 0.625), (0.75, 1.625)]
    np.testing.assert_array_equal(
        kept.audio.samples, np.concatenate([audio.samples[:10_000], audio.samples[12_000:26_000]])
    )
    assert (kept.audio.clipping_ratio, kept.audio.truncated) == (0.25, True)
    assert kept.recording_time_s(0.5) == 0.5
    assert kept.recording_time_s(0.725) == pytest.approx(0.85)


def test_padding_that_overlaps_is_kept_once() -> None:
    kept = clip(Audio(np.zeros(32_000, np.float32)), [Span(0.5, 0.6), Span(0.9, 1.0)], ClippingRule())
    assert bounds(kept.kept) == [(0.2, 1.3)]


def test_no_speech_is_an_empty_clip() -> None:
    kept = clip(Audio(np.zeros(16_000, np.float32)), (), RULE)
    assert kept.kept == ()
    assert kept.audio.duration_s == 0


@given(
    st.lists(st.floats(0, 1, width=32), max_size=60),
    st.floats(0, 1, width=32),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_spans_are_in_order_apart_and_inside(
    probabilities: list[float], threshold: float, hangover_s: float, padding_s: float
) -> None:
    frames = activity(*probabilities)
    rule = ClippingRule(
        threshold=threshold,
        release_threshold=threshold / 2,
        hangover_s=hangover_s,
        lead_padding_s=padding_s,
        trail_padding_s=padding_s / 2,
    )
    spans = speech_spans(frames, rule)
    kept = clip(Audio(np.zeros(round(frames.duration_s * 16_000), np.float32)), spans, rule)
    for found in (spans, kept.kept):
        assert all(0 <= span.start_s < span.end_s <= frames.duration_s for span in found)
        assert all(a.end_s < b.start_s for a, b in pairwise(found))
    assert bool(spans) == (max(probabilities, default=-1) >= threshold) or rule.min_speech_s > frames.hop_s
    assert kept.audio.duration_s == pytest.approx(sum(span.duration_s for span in kept.kept), abs=0.001)
