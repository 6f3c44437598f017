"""Why the server compares two voice detectors: which kind of change moves both, and which drives them apart."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from asr.audio import Audio
from asr.decode import decode
from asr.disagreement import compare
from asr.statistics import extent
from asr.vad import ClippingRule, VoiceDetector, WebRtcDetector, speech_spans
from data_pipeline.errors import CannotSimulate
from data_pipeline.simulation.profiles import DeviceProfile, shipped_profiles
from data_pipeline.simulation.simulate import generator, simulate
from data_pipeline.simulation.sounds import Sounds
from tests.conftest import Recording

PROFILES = shipped_profiles()


@dataclass(frozen=True)
class Means:
    """Over the recordings of one device."""

    disagreement: float
    onset_clipped: tuple[float, float]
    """By the detector on the request path, and by the one behind it."""


def means(audios: Sequence[Audio], profile: DeviceProfile, silero: VoiceDetector, sounds: Sounds) -> Means:
    shares, first_clipped, second_clipped = [], [], []
    for audio in sent(audios, profile, silero, sounds):
        first, second = (speech_spans(one.activity(audio), ClippingRule()) for one in (silero, WebRtcDetector()))
        shares.append(compare(first, second, duration_s=audio.duration_s).share or 0.0)
        first_clipped.append(extent(first, duration_s=audio.duration_s).onset_clipped)
        second_clipped.append(extent(second, duration_s=audio.duration_s).onset_clipped)
    return Means(float(np.mean(shares)), (float(np.mean(first_clipped)), float(np.mean(second_clipped))))


def sent(audios: Sequence[Audio], profile: DeviceProfile, detector: VoiceDetector, sounds: Sounds) -> Iterator[Audio]:
    for number, audio in enumerate(audios):
        rng = generator(0, profile, str(number))
        try:
            yield simulate(audio, profile, rng=rng, detector=detector, sounds=sounds).audio
        except CannotSimulate:
            continue


def check_that_causes_are_told_apart(audios: Sequence[Audio], detector: VoiceDetector, sounds: Sounds) -> None:
    phone, clipping, noisy = (
        means(audios, PROFILES[name], detector, sounds)
        for name in ("phone", "phone-clipped-onset-100ms", "phone-noisy")
    )
    assert clipping.onset_clipped[0] > phone.onset_clipped[0] + 0.3
    assert clipping.onset_clipped[1] > phone.onset_clipped[1] + 0.3
    assert clipping.disagreement < phone.disagreement + 0.03
    assert noisy.disagreement > phone.disagreement + 0.07
    assert noisy.onset_clipped[0] < phone.onset_clipped[0] + 0.1


def test_a_clipped_onset_moves_both_and_noise_moves_them_apart(
    speech: list[Recording], detector: VoiceDetector, sounds: Sounds
) -> None:
    check_that_causes_are_told_apart([decode(one.path.read_bytes()) for one in speech[::2]], detector, sounds)


@pytest.mark.data
def test_the_same_over_more_speakers(data_folder: Path, detector: VoiceDetector, sounds: Sounds) -> None:
    folder = data_folder / "speech"
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    short = [row for row in rows if row["duration"] < 8][::5]
    assert len(short) > 80
    audios = [decode((folder / row["audio_filepath"]).read_bytes()) for row in short]
    check_that_causes_are_told_apart(audios, detector, sounds)
