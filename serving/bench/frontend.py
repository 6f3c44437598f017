"""`bench frontend`: what each stage before the engine costs, for one clip in the formats that clients send.

Knows which stages there are, and nothing of engines and servers.
"""

import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import av
import numpy as np
import soxr

from asr.audio import SAMPLE_RATE_HZ, Audio
from asr.decode import decode
from asr.front_end import FrontEnd, prepare
from asr.loading import Detector, load_detector
from asr.loudness import LoudnessTarget, normalize
from asr.statistics import measure
from asr.vad import ClippingRule, VoiceDetector, speech_spans
from serving.bench.machine import Machine
from serving.bench.measures import Percentiles, percentiles


@dataclass(frozen=True, slots=True)
class Format:
    """How a client would send a recording."""

    container: str
    codec: str
    sample_rate_hz: int


FORMATS: Final[Mapping[str, Format]] = {
    "wav 16 kHz": Format("wav", "pcm_s16le", 16_000),
    "wav 48 kHz": Format("wav", "pcm_s16le", 48_000),
    "flac 16 kHz": Format("flac", "flac", 16_000),
    "ogg/opus 48 kHz": Format("ogg", "libopus", 48_000),
    "webm/opus 48 kHz": Format("webm", "libopus", 48_000),
    "mp3 44.1 kHz": Format("mp3", "libmp3lame", 44_100),
    "m4a/aac 44.1 kHz": Format("ipod", "aac", 44_100),
}


@dataclass(frozen=True, slots=True)
class StageTimes:
    """One stage on one format."""

    format: str
    stage: str
    times: Percentiles


@dataclass(frozen=True, slots=True)
class FrontendReport:
    """All stages on all formats."""

    machine: Machine
    duration_s: float
    rounds: int
    stages: tuple[StageTimes, ...]


def encode(audio: Audio, target: Format) -> bytes:
    """The bytes of a file of that format, mono, encoded by PyAV."""
    samples = soxr.resample(audio.samples, SAMPLE_RATE_HZ, target.sample_rate_hz)
    pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None, :]
    file = io.BytesIO()
    with av.open(file, "w", format=target.container) as container:
        stream = container.add_stream(target.codec, rate=target.sample_rate_hz, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = target.sample_rate_hz
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


def bench_frontend(audio: Audio, machine: Machine, *, rounds: int, on_step: Callable[[str], None]) -> FrontendReport:
    """Time every stage on every format; `on_step` hears of each format that is done."""
    detectors = [load_detector(name) for name in Detector]
    rows: list[StageTimes] = []
    for name, target in FORMATS.items():
        stages = _stages(encode(audio, target), detectors)
        rows += [StageTimes(name, stage, _time(work, rounds)) for stage, work in stages.items()]
        on_step(name)
    return FrontendReport(machine, audio.duration_s, rounds, tuple(rows))


def _stages(data: bytes, detectors: Sequence[VoiceDetector]) -> dict[str, Callable[[], object]]:
    """What is timed, by name; `all` is the whole front end as the server runs it, with the first detector."""
    audio, rule, first = decode(data), ClippingRule(), detectors[0]
    spans = speech_spans(first.activity(audio), rule)
    return {
        "decode": partial(decode, data),
        **{f"vad {detector.name}": partial(_find_speech, audio, detector, rule) for detector in detectors},
        "loudness": partial(normalize, audio, LoudnessTarget()),
        "statistics": partial(measure, audio, spans),
        "all": lambda: prepare(decode(data), FrontEnd(), first, max_piece_s=30.0),
    }


def _find_speech(audio: Audio, detector: VoiceDetector, rule: ClippingRule) -> object:
    return speech_spans(detector.activity(audio), rule)


def _time(work: Callable[[], object], rounds: int) -> Percentiles:
    work()
    times_ms = []
    for _ in range(rounds):
        start_s = time.perf_counter()
        work()
        times_ms.append((time.perf_counter() - start_s) * 1000)
    found = percentiles(times_ms)
    assert found is not None
    return found
