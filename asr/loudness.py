"""How loud a recording is to the ear, and bringing it to a target level.

ITU-R BS.1770-4: K-weighting, mean square over blocks of 400 ms every 100 ms, an absolute gate at -70 LUFS and a
relative one 10 LU below what passes it. K-weighting is done by fast convolution with its impulse response, which
needs neither scipy (a second to import) nor a loop over samples. Knows nothing of speech.
"""

from dataclasses import dataclass
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


def normalize(audio: Audio, target: LoudnessTarget) -> Normalized:
    """Bring a recording to the target by one gain for all of it; silence stays as it is."""
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
    power = _block_power(audio.samples)
    loud = power[power >= _power(ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return -np.inf
    gate = _power(_lufs(float(loud.mean())) + RELATIVE_GATE_LU)
    return _lufs(float(loud[loud > gate].mean()))


def _lufs(power: float) -> float:
    return CALIBRATION_DB + 10 * float(np.log10(power))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - CALIBRATION_DB) / 10))


def _block_power(samples: Samples) -> NDArray[np.float64]:
    """Mean square of the K-weighted sound in each block, shape (blocks,)."""
    energy = _hop_energy(samples)
    if len(samples) < HOP * HOPS_PER_BLOCK:
        return energy.sum(keepdims=True) / max(1, len(samples))
    whole = energy[: len(samples) // HOP]
    sums = np.convolve(whole, np.ones(HOPS_PER_BLOCK), "valid")
    return np.asarray(sums / (HOP * HOPS_PER_BLOCK), np.float64)


def _hop_energy(samples: Samples) -> NDArray[np.float64]:
    """Energy of the K-weighted sound in each 100 ms, the last one maybe partly filled; overlap-save convolution."""
    stride = FFT_LENGTH - HOP
    rows = -(-len(samples) // stride)
    padded = np.zeros(HOP + rows * stride, np.float32)
    padded[HOP : HOP + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, FFT_LENGTH)[::stride] if rows else padded[None, :0]
    response = _frequency_response()
    energy = []
    for at in range(0, rows, FFT_ROWS):
        weighted = np.fft.irfft(np.fft.rfft(windows[at : at + FFT_ROWS]) * response, FFT_LENGTH)[:, HOP:]
        hops = weighted.reshape(-1, HOP)
        energy.append(np.einsum("ij,ij->i", hops, hops, dtype=np.float64))
    total = np.concatenate(energy or [np.zeros(1)])
    return np.asarray(total[: -(-len(samples) // HOP) or 1], np.float64)


@lru_cache(maxsize=1)
def _frequency_response() -> NDArray[np.complex64]:
    """K-weighting at the frequencies of the transform.

    Both filters of BS.1770-4, tables 1 and 2 (given there for 48 kHz only), in the closed form that holds for any
    sample rate. Their impulse response has decayed to 1e-10 within the overlap of 100 ms.
    """
    z = np.exp(-2j * np.pi * np.arange(FFT_LENGTH // 2 + 1) / FFT_LENGTH)
    return np.asarray(_shelf(z) * _high_pass(z), np.complex64)


def _shelf(z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The head's boost of high frequencies: 4 dB above 1.7 kHz; `z` is the unit delay."""
    gain, q, k = 10 ** (3.999843853973347 / 20), 0.7071752369554196, _warped(1681.974450955533)
    middle = gain**0.4996667741545416
    numerator = (gain + middle * k / q + k * k) + 2 * (k * k - gain) * z + (gain - middle * k / q + k * k) * z**2
    return np.asarray(numerator / _poles(z, q=q, k=k))


def _high_pass(z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The ear's deafness to low frequencies: below 38 Hz; the standard leaves its numerator at 1, -2, 1."""
    q, k = 0.5003270373238773, _warped(38.13547087602444)
    return np.asarray((1 - z) ** 2 * (1 + k / q + k * k) / _poles(z, q=q, k=k))


def _warped(frequency_hz: float) -> float:
    return float(np.tan(np.pi * frequency_hz / SAMPLE_RATE_HZ))


def _poles(z: NDArray[np.complex128], *, q: float, k: float) -> NDArray[np.complex128]:
    return np.asarray((1 + k / q + k * k) + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z**2)
