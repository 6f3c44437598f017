"""What can be evaluated: our pipeline, another engine on the same sound, or transcripts that another system left.

A system answers recordings; whether it answers well is not its business.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from asr.audio import Audio
from asr.decode import decode
from asr.errors import UndecodableAudio
from asr.loading import load_detector, load_pipeline
from asr.pipeline import Pipeline, conclude, decode_and_prepare
from asr.recognizer import Hypothesis
from data_pipeline.errors import InvalidHypotheses
from data_pipeline.evaluation.variants import DEFAULT, Variant
from data_pipeline.recordings import LENGTH_TOLERANCE_S, Recording


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recognizer wrote for one piece of a recording, before it was judged."""

    hypothesis: Hypothesis
    speech_probability: float
    """The voice detector's, in [0, 1]."""
    duration_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system says of one recording."""

    text: str
    """As the model writes it; empty where there is no speech."""
    latency_ms: float | None
    """From the bytes to the text; None where it is not known."""
    computing_ms: float | None
    """The recording's share of the computing: its latency, but in a batch, where all wait for all."""
    confidence: float | None = None
    """Probability that every word is right; None where the system has none."""
    heard: tuple[Heard, ...] = ()
    timings_ms: Mapping[str, float] | None = None
    measured: Mapping[str, float | None] | None = None
    """What the front end says of the recording: the fields of `asr.statistics.AudioStatistics`."""


class System(Protocol):
    """Anything that transcribes."""

    @property
    def name(self) -> str:
        """As the results call it."""

    @property
    def fingerprint(self) -> str:
        """All that its answers depend on besides the recording: equal for two systems that answer alike."""

    def answer(self, batch: Sequence[Recording]) -> list[Answer]:
        """One answer for each recording, in order. Raises AudioError for the first that cannot be used."""


@dataclass(frozen=True, slots=True)
class OwnSystem:
    """Our pipeline, with what it heard before judging it: calibration is fitted to that."""

    name: str
    pipeline: Pipeline

    @property
    def fingerprint(self) -> str:
        """See `System`."""
        used = self.pipeline
        judged = replace(used.calibration, phantoms=frozenset()), sorted(used.calibration.phantoms)
        parts = (used.recognizer.model_id, type(used.detector).__name__, used.front_end, *judged, used.limits)
        return " ".join(map(str, parts))

    def answer(self, batch: Sequence[Recording]) -> list[Answer]:
        """See `System`; the latency of a batch is that of each recording in it."""
        started = time.perf_counter()
        prepared = [decode_and_prepare(one.data, self.pipeline, pcm=one.pcm) for one in batch]
        for recording, sound in zip(batch, prepared, strict=True):
            _check_length(recording, sound.statistics.duration_s)
        recognizing = time.perf_counter()
        found = self.pipeline.recognizer.recognize([piece.audio for one in prepared for piece in one.pieces])
        recognize_ms = (time.perf_counter() - recognizing) * 1e3
        hypotheses = iter(found)
        heard = [[next(hypotheses) for _ in one.pieces] for one in prepared]
        results = [conclude(one, of_one, self.pipeline) for one, of_one in zip(prepared, heard, strict=True)]
        latency_ms = (time.perf_counter() - started) * 1e3
        return [
            Answer(
                result.raw_text,
                latency_ms,
                latency_ms / len(batch),
                result.confidence,
                tuple(
                    Heard(hypothesis, piece.speech_probability, piece.span.duration_s)
                    for piece, hypothesis in zip(one.pieces, of_one, strict=True)
                ),
                {**result.timings_ms, "recognize": recognize_ms},
                asdict(result.statistics),
            )
            for one, of_one, result in zip(prepared, heard, results, strict=True)
        ]


def _check_length(recording: Recording, duration_s: float) -> None:
    """A whole file is as long as its row says; else its row is another's."""
    wanted_s = recording.row.duration_s
    if recording.pcm is None and abs(duration_s - wanted_s) > LENGTH_TOLERANCE_S:
        raise UndecodableAudio(f"the file lasts {duration_s:.3f} s, the manifest says {wanted_s:g} s")


def own_systems(model_ids: Sequence[str], variants: Sequence[Variant]) -> list[OwnSystem]:
    """Each model with each front end; the weights of a model are loaded once. An empty id is the default model.

    Raises what `asr.loading.load_pipeline` raises.
    """
    systems = []
    for model_id in model_ids:
        loaded = load_pipeline(model_id or None)
        for variant in variants:
            name = loaded.recognizer.model_id + (f"+{variant.name}" if variant.name != DEFAULT else "")
            detector = load_detector(variant.detector)
            systems.append(OwnSystem(name, replace(loaded, front_end=variant.front_end, detector=detector)))
    return systems


@dataclass(frozen=True, slots=True)
class BareEngine:
    """Another engine with its own ways, given the whole decoded recording."""

    name: str
    transcribe: Callable[[Sequence[Audio]], list[str]]

    @property
    def fingerprint(self) -> str:
        """See `System`."""
        return self.name

    def answer(self, batch: Sequence[Recording]) -> list[Answer]:
        """See `System`."""
        started = time.perf_counter()
        texts = self.transcribe([decode(one.data, pcm=one.pcm) for one in batch])
        latency_ms = (time.perf_counter() - started) * 1e3
        return [Answer(text, latency_ms, latency_ms / len(batch)) for text in texts]


@dataclass(frozen=True, slots=True)
class RecordedSystem:
    """Transcripts that another system wrote before, by file and offset."""

    name: str
    answers: Mapping[tuple[str, float], Answer]

    @property
    def fingerprint(self) -> str:
        """See `System`."""
        return sha256(
            repr(sorted(self.answers.items(), key=lambda item: item[0])).encode("utf-8", "replace")
        ).hexdigest()

    def answer(self, batch: Sequence[Recording]) -> list[Answer]:
        """See `System`. Raises InvalidHypotheses where one is missing: silence must not look like a deletion.

        Of what cannot be decoded nobody has a transcript; that is the recording's fault.
        """
        keys = [(one.row.audio_filepath, one.row.offset_s or 0.0) for one in batch]
        for recording, key in zip(batch, keys, strict=True):
            if key not in self.answers:
                decode(recording.data, pcm=recording.pcm)
                raise InvalidHypotheses(f"{self.name}: no transcript for {recording.row.audio_filepath}")
        return [self.answers[key] for key in keys]


def read_hypotheses(path: Path, name: str) -> RecordedSystem:
    """Transcripts from JSON lines with `audio_filepath` and `text`, optionally `offset`, `latency_ms`, `confidence`.

    Raises InvalidHypotheses, and OSError where the file cannot be read.
    """
    answers: dict[tuple[str, float], Answer] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    key, answer = _recorded(json.loads(line))
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                    raise InvalidHypotheses(f"{path}, line {number}: {error!r}") from None
                answers[key] = answer
    return RecordedSystem(name, answers)


def _recorded(values: Mapping[str, object]) -> tuple[tuple[str, float], Answer]:
    text = values["text"]
    if not isinstance(text, str):
        raise ValueError("`text` must be a string")
    latency_ms, confidence = (_number(values.get(name)) for name in ("latency_ms", "confidence"))
    key = (str(values["audio_filepath"]), _number(values.get("offset")) or 0.0)
    return key, Answer(text, latency_ms, latency_ms, confidence)


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")
    return float(value)
