"""Noise around a speaker, at a known distance from the speech. Knows no files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples, Span
from asr.vad import samples_of
from data_pipeline.errors import CannotSimulate

ROAD_CORNER_HZ: Final = 60.0
"""Road noise in a cabin falls off above it by 6 dB an octave."""


class NoiseKind(StrEnum):
    """Where the noise comes from."""

    RECORDED = "recorded"
    """One of the recordings that the caller brings."""
    ROAD = "road"
    """Brown noise: close to the long-term spectrum inside a moving car."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """A noise and its level."""

    snr_db: Annotated[float, Field(ge=-20, le=80)]
    """Mean power of the speech over that of the noise; over the spans of speech only, pauses do not count."""
    kind: NoiseKind = NoiseKind.RECORDED


def with_noise(audio: Audio, noise: Samples, *, snr_db: float, speech: Sequence[Span]) -> Audio:
    """The recording with noise, of which there must be as much; where nobody speaks all of it is the reference.

    Raises CannotSimulate where the noise is silent: it would reach no ratio.
    """
    wanted = np.concatenate([samples_of(audio, span) for span in speech] or [audio.samples])
    noise_power = _power(noise)
    if not noise_power:
        raise CannotSimulate("the noise to add is silent")
    gain = np.sqrt(_power(wanted) / 10 ** (snr_db / 10) / noise_power)
    return replace(audio, samples=audio.samples + noise * np.float32(gain))


def stretch_of(noise: Samples, count: int, rng: np.random.Generator) -> Samples:
    """So many samples from a random place; a shorter recording is heard forth and back, which makes no clicks."""
    if len(noise) < count:
        noise = np.pad(noise, (0, count - len(noise)), mode="reflect")
    start = int(rng.integers(len(noise) - count + 1))
    return noise[start : start + count]


def road_noise(count: int, rng: np.random.Generator) -> Samples:
    """So many samples of brown noise."""
    spectrum = np.fft.rfft(rng.standard_normal(max(2, count)))
    frequency_hz = np.fft.rfftfreq(max(2, count), 1 / SAMPLE_RATE_HZ)
    shaped = np.fft.irfft(spectrum / np.hypot(1, frequency_hz / ROAD_CORNER_HZ), max(2, count))
    return shaped[:count].astype(np.float32)


def _power(samples: Samples) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
