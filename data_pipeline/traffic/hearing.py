"""One recording under one condition: through the simulated device, then through the pipeline that serves.

Knows no table and no cache.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from math import isfinite

from asr.audio import Audio, Span
from asr.disagreement import compare
from asr.front_end import Located
from asr.loading import Detector
from asr.loading import load_pipeline as load
from asr.loudness import integrated_loudness_lufs
from asr.metrics import word_errors
from asr.pipeline import Pipeline, conclude, prepare_for
from asr.statistics import extent
from asr.vad import ClippingRule, speech_spans
from data_pipeline import detectors
from data_pipeline.errors import CannotSimulate
from data_pipeline.evaluation.systems import OwnSystem
from data_pipeline.evaluation.variants import DEFAULT, read_variant
from data_pipeline.manifest import Row
from data_pipeline.simulation.noise import Noise
from data_pipeline.simulation.profiles import DeviceProfile
from data_pipeline.simulation.simulate import generator, simulate
from data_pipeline.simulation.sounds import Sounds, read_sounds

Value = float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a recording reaches the recognizer."""

    profile: DeviceProfile
    snr_db: float | None = None
    """Of speech to the noise around the device; None is the profile's own noise."""
    front_end: str = DEFAULT
    """The service's front end, as `read_variant` takes it: a bad release has another."""

    @property
    def device(self) -> DeviceProfile:
        """The profile in its noise."""
        if self.snr_db is None:
            return self.profile
        return replace(self.profile, noise=replace(self.profile.noise or Noise(snr_db=0.0), snr_db=self.snr_db))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One recording under one condition."""

    profile: str
    """Name of the device's profile."""
    snr_db: float | None
    front_end: str
    model: str
    clip: str
    source: str
    """Which collection the recording is of."""
    recorded_lufs: float | None
    """How loud the recording was before a device was simulated: how people and their distances differ."""
    reference: str
    """What is said; empty where nobody speaks."""
    transcript: str
    """In the convention of search."""
    raw_text: str
    confidence: float
    no_speech: bool
    words: int
    """In the reference, as scoring writes it."""
    words_wrong: int
    statistics: Mapping[str, Value]
    """Fields of `asr.statistics.AudioStatistics`, by the detector of the request path."""
    second: Mapping[str, Value]
    """Signals of the second detector, WebRTC's, as the service's events have them."""
    timings_ms: Mapping[str, float]
    result_count: int | None = None
    """What the search finds; None where it was not asked."""
    top_item_id: str | None = None

    @property
    def is_right(self) -> bool:
        """There was speech, and every word was heard as it was said."""
        return self.words > 0 and self.words_wrong == 0


def hear(
    row: Row, audio: Audio, speech: Sequence[Span], condition: Condition, *, model_id: str, seed: int
) -> Measurement:
    """Measure a recording whose speech is at `speech`; the text of the row is its reference.

    Where nobody speaks, something else woke the device: its noise is sent whole. Raises CannotSimulate where the device
    sends nothing.
    """
    pipeline = loaded_pipeline(model_id, condition.front_end)
    sent = _sent(row, audio, speech, condition, seed=seed)
    prepared = prepare_for(sent, pipeline)
    started = time.perf_counter()
    hypotheses = pipeline.recognizer.recognize([piece.audio for piece in prepared.pieces])
    prepared.timings_ms["recognize"] = (time.perf_counter() - started) * 1e3
    heard = conclude(prepared, hypotheses, pipeline)
    words = word_errors([row.text or ""], [heard.raw_text]).words
    return Measurement(
        profile=condition.profile.name,
        snr_db=condition.snr_db,
        front_end=condition.front_end,
        model=heard.model,
        clip=row.recording,
        source=row.field("source") or "",
        recorded_lufs=_finite(integrated_loudness_lufs(audio)),
        reference=row.text or "",
        transcript=heard.text,
        raw_text=heard.raw_text,
        confidence=round(heard.confidence, 6),
        no_speech=heard.no_speech,
        words=words.reference_length,
        words_wrong=words.errors,
        statistics=_rounded(asdict(heard.statistics)),
        second=_rounded(_second(prepared.located, pipeline.front_end.clipping)) if prepared.located else {},
        timings_ms={name: round(ms, 3) for name, ms in heard.timings_ms.items()},
    )


@cache
def loaded_pipeline(model_id: str, front_end: str) -> Pipeline:
    """Once in each process; the default model for an empty id. Raises what `asr.loading.load_pipeline` raises."""
    variant = read_variant(front_end)
    if front_end != DEFAULT:
        return replace(loaded_pipeline(model_id, DEFAULT), front_end=variant.front_end)
    return load(model_id or None)


def fingerprint(model_id: str, front_end: str) -> str:
    """All of the service that a measurement depends on."""
    return OwnSystem("", loaded_pipeline(model_id, front_end)).fingerprint


def _sent(row: Row, audio: Audio, speech: Sequence[Span], condition: Condition, *, seed: int) -> Audio:
    device = condition.device
    if not row.text:
        device = replace(device, vad=None, noise=None, level_lufs=None)
    elif not speech:
        raise CannotSimulate("no speech is found in it")
    rng = generator(seed, device, f"{row.recording} {condition.snr_db}")
    return simulate(audio, device, rng=rng, detector=detectors.detector(), sounds=_sounds(), speech=speech).audio


@cache
def _sounds() -> Sounds:
    return read_sounds()


def _second(located: Located, rule: ClippingRule) -> dict[str, Value]:
    duration_s = located.audio.duration_s
    spans = speech_spans(detectors.detector(Detector.WEBRTC).activity(located.audio), rule)
    differing = compare(located.speech, spans, duration_s=duration_s)
    heard = asdict(extent(spans, duration_s=duration_s))
    return {
        **{f"second_{name}": value for name, value in heard.items()},
        "vad_disagreement": differing.share,
        "vad_lead_difference_s": differing.lead_difference_s,
    }


def _finite(value: float) -> float | None:
    return round(value, 3) if isfinite(value) else None


def _rounded(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: round(value, 5) if isinstance(value, float) else value for name, value in values.items()}
