"""How loud a recording is to the ear, and bringing it to a target level.

ITU-R BS.1770-4: K-weighting, mean square over blocks of 400 ms every 100 ms, an absolute gate at -70 LUFS and a
relative one 10 LU below what passes it. K-weighting is done by fast convolution with its impulse response, which
needs neither scipy (a second to import) nor a loop over samples. Knows nothing of speech.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples

HOP: Final = SAMPLE_RATE_HZ // 10
HOPS_PER_BLOCK: Final = 4
ABSOLUTE_GATE_LUFS: Final = -70.0
RELATIVE_GATE_LU: Final = -10.0
CALIBRATION_DB: Final = -0.691
"""BS.1770-4, equation 2: makes a 997 Hz sine at full scale in one channel read -3.01 LUFS."""

K_WEIGHTING: Final = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)
"""Numerator and denominator at 48 kHz: the head's boost above 1.7 kHz (table 1), the ear's loss below 38 Hz (2)."""

FFT_LENGTH: Final = 8000
FFT_ROWS: Final = 64
"""Windows transformed at once (25 s): bounds the memory for a recording of hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoudnessTarget:
    """The level to bring recordings to, and how far one may go for it."""

    level_lufs: float = -23.0
    max_boost_db: float = 20.0
    """A very quiet recording is raised by no more than this, so that its noise is not taken for speech."""
    peak_dbfs: float = -1.0
    """No boost lifts a sample above it."""


@dataclass(frozen=True, slots=True, eq=False)
class Normalized:
    """A recording at its target level."""

    audio: Audio
    gain_db: float
    """What was really applied, after cap and peak limit; 0 for silence."""
    loudness_lufs: float
    """Of the recording before; -inf for silence."""


def normalize(audio: Audio, target: LoudnessTarget, *, loudness_lufs: float | None = None) -> Normalized:
    """Bring a recording to the target by one gain for all of it; silence stays as it is.

    `loudness_lufs` is the recording's, where it is known already.
    """
    if loudness_lufs is None:
        loudness_lufs = integrated_loudness_lufs(audio)
    if loudness_lufs == -np.inf:
        return Normalized(audio, 0.0, loudness_lufs)
    gain_db = min(target.level_lufs - loudness_lufs, target.max_boost_db)
    if gain_db > 0:
        peak = max(float(audio.samples.max()), -float(audio.samples.min()))
        gain_db = max(0.0, min(gain_db, target.peak_dbfs - 20 * float(np.log10(peak))))
    samples = audio.samples * np.float32(10 ** (gain_db / 20))
    return Normalized(Audio(samples, audio.clipping_ratio, audio.truncated), gain_db, loudness_lufs)


def integrated_loudness_lufs(audio: Audio) -> float:
    """Gated loudness by ITU-R BS.1770-4; -inf where no block passes the gates (silence).

    A recording shorter than one block of 400 ms is measured as one block of its own length.
    """
    return _gated_lufs(_weighted(audio.samples), len(audio.samples))


def weighted(audio: Audio) -> Audio:
    """The K-weighted sound, as loud as it is to the ear: once for a recording of which several parts are measured."""
    sound = np.concatenate([*_weighted(audio.samples), np.empty(0, np.float32)])[: len(audio.samples)]
    return replace(audio, samples=sound)


def weighted_loudness_lufs(audio: Audio) -> float:
    """`integrated_loudness_lufs` of sound that is K-weighted already.

    Weighted as a part of more, sound still rings from what came before: less than 0.001 LU in speech.
    """
    samples = audio.samples
    return _gated_lufs([np.pad(samples, (0, -len(samples) % HOP))], len(samples))


def _gated_lufs(sound: Iterable[Samples], length: int) -> float:
    """Of K-weighted sound that comes in whole hops, of which the last may be filled up beyond `length` samples."""
    power = _block_power(sound, length)
    loud = power[power >= _power(ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return -np.inf
    gate = _power(_lufs(float(loud.mean())) + RELATIVE_GATE_LU)
    return _lufs(float(loud[loud > gate].mean()))


def _lufs(power: float) -> float:
    return CALIBRATION_DB + 10 * float(np.log10(power))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - CALIBRATION_DB) / 10))


def _block_power(sound: Iterable[Samples], length: int) -> NDArray[np.float64]:
    """Mean square in each block, shape (blocks,)."""
    energy = np.concatenate([*(_hop_energy(part.reshape(-1, HOP)) for part in sound), np.zeros(0)])
    if length < HOP * HOPS_PER_BLOCK:
        return np.array([energy[: -(-length // HOP)].sum() / max(1, length)])
    sums = np.convolve(energy[: length // HOP], np.ones(HOPS_PER_BLOCK), "valid")
    return np.asarray(sums / (HOP * HOPS_PER_BLOCK), np.float64)


def _hop_energy(hops: Samples) -> NDArray[np.float64]:
    return np.asarray(np.vecdot(hops, hops), np.float64)


def _weighted(samples: Samples) -> Iterator[Samples]:
    """The K-weighted sound in parts of at most 25 s and whole hops, zero after its end: overlap-save convolution."""
    stride = FFT_LENGTH - HOP
    rows = -(-len(samples) // stride)
    padded = np.zeros(HOP + rows * stride, np.float32)
    padded[HOP : HOP + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, FFT_LENGTH)[::stride] if rows else padded[None, :0]
    response = _frequency_response()
    for at in range(0, rows, FFT_ROWS):
        sound = np.fft.irfft(np.fft.rfft(windows[at : at + FFT_ROWS]) * response, FFT_LENGTH)
        part = np.asarray(sound[:, HOP:], np.float32).reshape(-1)
        part[len(samples) - at * stride :] = 0
        yield part


@lru_cache(maxsize=1)
def _frequency_response() -> NDArray[np.complex64]:
    """K-weighting at the frequencies of the transform.

    The standard gives its filters for 48 kHz and asks for the same response at any other rate; here it is
    simply evaluated at the frequencies that 16 kHz can hold.
    """
    frequency_hz = np.fft.rfftfreq(FFT_LENGTH, 1 / SAMPLE_RATE_HZ)
    delay = np.exp(-2j * np.pi * frequency_hz / 48_000)
    response = np.ones_like(delay)
    for numerator, denominator in K_WEIGHTING:
        response *= np.polyval(numerator[::-1], delay) / np.polyval(denominator[::-1], delay)
    return np.asarray(response, np.complex64)
