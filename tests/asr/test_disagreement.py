"""Two detectors on one recording."""

import numpy as np
import pytest

from asr.audio import Audio, Span
from asr.cache import pull
from asr.decode import decode
from asr.disagreement import Disagreement, compare
from asr.loading import Detector, load_detector
from asr.vad import ClippingRule, VoiceDetector, WebRtcDetector, speech_spans
from tests.conftest import Recording

SPEECH = (Span(0.5, 1.0), Span(1.5, 2.0))


def test_the_same_speech_is_no_disagreement() -> None:
    assert compare(SPEECH, SPEECH, duration_s=3.0) == Disagreement(share=0.0, lead_difference_s=0.0)


def test_only_frames_in_which_one_alone_hears_speech_count() -> None:
    found = compare(SPEECH, [Span(0.75, 2.25)], duration_s=4.0)
    assert found.share == pytest.approx((0.25 + 0.5 + 0.25) / 4.0)
    assert found.lead_difference_s == pytest.approx(0.25)


def test_it_is_the_same_both_ways_but_for_the_sign() -> None:
    there, back = (compare(*pair, duration_s=3.0) for pair in ((SPEECH, [Span(0, 1)]), ([Span(0, 1)], SPEECH)))
    assert there.share == back.share
    assert (there.lead_difference_s, back.lead_difference_s) == (-0.5, 0.5)


def test_who_hears_nothing_has_no_first_speech() -> None:
    assert compare(SPEECH, (), duration_s=2.0) == Disagreement(share=0.5, lead_difference_s=None)
    assert compare((), (), duration_s=2.0) == Disagreement(share=0.0, lead_difference_s=None)


@pytest.mark.parametrize("duration_s", [0.0, 0.009])
def test_a_recording_without_a_whole_frame_has_no_share(duration_s: float) -> None:
    assert compare((), [Span(0.0, duration_s)], duration_s=duration_s).share is None


def both(audio: Audio, first: VoiceDetector, second: VoiceDetector) -> Disagreement:
    spans = (speech_spans(one.activity(audio), ClippingRule()) for one in (first, second))
    return compare(*spans, duration_s=audio.duration_s)


def test_noise_drives_the_detectors_apart_on_real_speech(speech: list[Recording]) -> None:
    pull("silero-vad-16k")
    silero, webrtc, rng = load_detector(Detector.SILERO), WebRtcDetector(), np.random.default_rng(5)
    clean, noisy = [], []
    for recording in speech[::6]:
        audio = decode(recording.path.read_bytes())
        level = 0.3 * float(np.sqrt(np.mean(np.square(audio.samples))))
        hiss = rng.standard_normal(len(audio.samples), np.float32) * np.float32(level)
        clean.append(both(audio, silero, webrtc).share or 0.0)
        noisy.append(both(Audio(audio.samples + hiss), silero, webrtc).share or 0.0)
    assert np.mean(clean) < 0.2 < np.mean(noisy)
