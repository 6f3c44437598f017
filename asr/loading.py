"""Builds a pipeline from names: the one place that knows registry, engines and detectors together."""

from enum import StrEnum

from asr import convention
from asr.cache import locate
from asr.confidence import Calibration
from asr.decode import DecodeLimits
from asr.engines import load_recognizer
from asr.front_end import FrontEnd
from asr.pipeline import Pipeline
from asr.registry import Registry, Task, read_registry
from asr.vad import SileroDetector, VoiceDetector, WebRtcDetector


class Detector(StrEnum):
    """The voice detectors, by the name that configuration uses."""

    SILERO = "silero"
    WEBRTC = "webrtc"


def load_detector(name: Detector, registry: Registry | None = None) -> VoiceDetector:
    """A voice detector that is ready. Raises ModelUnavailable or CorruptModel."""
    registry = registry or read_registry()
    detector: VoiceDetector
    if name is Detector.WEBRTC:
        detector = WebRtcDetector()
    else:
        files = locate(registry.defaults[Task.VAD], registry)
        detector = SileroDetector(files.path("silero_vad_16k_sequence.onnx"))
    detector.load()
    return detector


def load_pipeline(
    model_id: str | None = None,
    *,
    front_end: FrontEnd = FrontEnd(),
    detector: Detector = Detector.SILERO,
    convention_name: str = "search",
    limits: DecodeLimits = DecodeLimits(),
    registry: Registry | None = None,
    threads: int = 1,
) -> Pipeline:
    """A pipeline that is ready, its model taken from the cache; no model id means the registry's default.

    Raises UnknownModel, ModelUnavailable, CorruptModel or UnknownConvention.
    """
    registry = registry or read_registry()
    files = locate(model_id or registry.defaults[Task.RECOGNIZER], registry)
    return Pipeline(
        front_end=front_end,
        detector=load_detector(detector, registry),
        recognizer=load_recognizer(files, threads=threads),
        calibration=Calibration.read(files.model.calibration, files.model.phantoms),
        convention=convention.get(convention_name),
        limits=limits,
    )
