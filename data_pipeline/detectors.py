"""The voice detector of a worker process: loaded when it is first asked for, and once."""

from functools import cache

from asr.loading import Detector, load_detector
from asr.vad import VoiceDetector


@cache
def detector(name: Detector = Detector.SILERO) -> VoiceDetector:
    """A detector that is ready. Raises ModelUnavailable or CorruptModel."""
    return load_detector(name)
