"""Settings by name."""

import pytest

from asr.front_end import FrontEnd, SilenceKind
from asr.loading import Detector
from asr.loudness import LoudnessTarget
from asr.vad import ClippingRule
from data_pipeline.errors import InvalidVariant
from data_pipeline.evaluation.variants import read_variant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("default", FrontEnd()),
        ("lead_silence_s=0.5, trail_silence_s=1", FrontEnd(lead_silence_s=0.5, trail_silence_s=1.0)),
        ("clipping.lead_padding_s=0.1", FrontEnd(clipping=ClippingRule(lead_padding_s=0.1))),
        ("loudness.level_lufs=-20", FrontEnd(loudness=LoudnessTarget(level_lufs=-20.0))),
        ("loudness=off", FrontEnd(loudness=None)),
        ("loudness=off,loudness=on", FrontEnd()),
        ("silence=noise", FrontEnd(silence=SilenceKind.NOISE)),
        ("clipping=off", FrontEnd(cut_silence=False)),
        ("recognize_undetected=off", FrontEnd(recognize_undetected=False)),
    ],
)
def test_settings_change_what_they_name(text: str, expected: FrontEnd) -> None:
    variant = read_variant(text)
    assert variant.front_end == expected
    assert variant.detector is Detector.SILERO


def test_detector_is_a_setting() -> None:
    assert read_variant("detector=webrtc,silence=noise").detector is Detector.WEBRTC


@pytest.mark.parametrize(
    "text",
    [
        *("", "nothing", "unknown=1", "clipping.unknown=1", "silence.level=1", "lead_silence_s=long"),
        *("lead_silence_s=nan", "silence=loud", "detector=ear", "clipping=1", "loudness=off,loudness.level_lufs=-20"),
    ],
)
def test_what_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(InvalidVariant):
        read_variant(text)
