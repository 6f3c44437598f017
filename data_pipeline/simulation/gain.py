"""How loud a device takes sound up: its level, where it saturates, and what its automatic gain control does."""

from dataclasses import dataclass, replace
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples
from asr.decode import FULL_SCALE
from asr.loudness import integrated_loudness_lufs

FRAME: Final = SAMPLE_RATE_HZ // 100
"""The gain control decides every 10 ms."""
SETTLING_DBFS: Final = -60.0
"""Quieter frames leave the gain as it is: no device raises silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GainControl:
    """Automatic gain: towards a level, down at once and up slowly."""

    target_dbfs: Annotated[float, Field(ge=-40, le=-3)] = -20.0
    """Root mean square of speech that it aims at."""
    max_gain_db: Annotated[float, Field(ge=0, le=40)] = 18.0
    """It never raises by more."""
    attack_s: Annotated[float, Field(ge=0.001, le=1)] = 0.01
    """Time constant towards less gain."""
    release_s: Annotated[float, Field(ge=0.01, le=10)] = 0.5
    """Time constant towards more gain."""


def at_level(audio: Audio, level_lufs: float) -> tuple[Audio, float]:
    """The recording at a loudness (ITU-R BS.1770-4), and the gain in dB for that; silence stays as it is."""
    loudness_lufs = integrated_loudness_lufs(audio)
    gain_db = level_lufs - loudness_lufs if np.isfinite(loudness_lufs) else 0.0
    return replace(audio, samples=audio.samples * np.float32(10 ** (gain_db / 20))), gain_db


def saturated(audio: Audio) -> Audio:
    """The recording as a converter of 16 bits takes it up: cut to full scale, what stands there counted."""
    samples = np.clip(audio.samples, np.float32(-1), FULL_SCALE)
    at_full_scale = int(np.count_nonzero(np.abs(samples) >= FULL_SCALE))
    return replace(audio, samples=samples, clipping_ratio=at_full_scale / max(1, len(samples)))


def controlled(audio: Audio, control: GainControl) -> Audio:
    """The recording after automatic gain control, which starts with no gain."""
    if not len(audio.samples):
        return audio
    gains_db = _gains_db(_levels_dbfs(audio.samples), control)
    centres = np.arange(len(gains_db)) * FRAME + FRAME / 2
    curve_db = np.interp(np.arange(len(audio.samples)), centres, gains_db)
    samples = np.clip(audio.samples * 10 ** (curve_db / 20), -1, 1)
    return replace(audio, samples=samples.astype(np.float32))


def _levels_dbfs(samples: Samples) -> list[float]:
    frames = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / FRAME
    return [float(level) for level in 10 * np.log10(np.maximum(power, 1e-12))]


def _gains_db(levels_dbfs: list[float], control: GainControl) -> list[float]:
    """The gain at each frame: it goes to what the frame wants with the time constant of its direction."""
    gains, gain_db = [], 0.0
    for level_dbfs in levels_dbfs:
        if level_dbfs > SETTLING_DBFS:
            wanted_db = min(control.target_dbfs - level_dbfs, control.max_gain_db)
            constant_s = control.attack_s if wanted_db < gain_db else control.release_s
            gain_db += (wanted_db - gain_db) * (1 - float(np.exp(-FRAME / SAMPLE_RATE_HZ / constant_s)))
        gains.append(gain_db)
    return gains
