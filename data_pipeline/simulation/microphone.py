"""What a microphone and its analog stages do to the spectrum. Knows no level and no noise.

The response is one filter without delay, so that nothing that is cut later moves.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from asr.audio import SAMPLE_RATE_HZ, Audio

TAPS: Final = 1025
"""Of the filter (64 ms): resolves 16 Hz."""
LIMIT_ORDER: Final = 4
"""Of the Butterworth band limits: 24 dB an octave."""
PIVOT_HZ: Final = 1000.0
"""Where a tilt leaves the level as it is."""
FLOOR_DB: Final = -80.0
"""Nothing is attenuated more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Microphone:
    """A frequency response."""

    low_cut_hz: Annotated[float, Field(ge=20, le=2000)] = 50.0
    """3 dB down there, 24 dB an octave below it."""
    high_cut_hz: Annotated[float, Field(ge=1000, le=8000)] = 7800.0
    """3 dB down there, 24 dB an octave above it."""
    tilt_db_per_octave: Annotated[float, Field(ge=-12, le=12)] = 0.0
    """Straight line through 0 dB at 1 kHz; below zero is dull."""
    resonance_hz: Annotated[float, Field(ge=100, le=7500)] = 3000.0
    """Centre of the peak that a sound port or a housing makes."""
    resonance_db: Annotated[float, Field(ge=-30, le=30)] = 0.0
    """Its height; 0 for none."""
    resonance_q: Annotated[float, Field(ge=0.3, le=20)] = 2.0
    """Its centre over its width."""


def colour(audio: Audio, microphone: Microphone) -> Audio:
    """The recording through the microphone's response, as long as before."""
    from scipy.signal import oaconvolve

    if not len(audio.samples):
        return audio
    samples = oaconvolve(audio.samples, _filter(microphone), mode="full")[TAPS // 2 :][: len(audio.samples)]
    return replace(audio, samples=samples.astype(np.float32))


def response_db(microphone: Microphone, frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """The response in dB at frequencies above zero."""
    below = (microphone.low_cut_hz / frequency_hz) ** (2 * LIMIT_ORDER)
    above = (frequency_hz / microphone.high_cut_hz) ** (2 * LIMIT_ORDER)
    detuned = microphone.resonance_q * (frequency_hz / microphone.resonance_hz - microphone.resonance_hz / frequency_hz)
    return np.asarray(
        microphone.tilt_db_per_octave * np.log2(frequency_hz / PIVOT_HZ)
        + microphone.resonance_db / (1 + detuned**2)
        - 10 * np.log10((1 + below) * (1 + above))
    )


@cache
def _filter(microphone: Microphone) -> NDArray[np.float32]:
    """Shape (TAPS,), symmetric."""
    from scipy.signal import firwin2

    frequency_hz = np.linspace(0, SAMPLE_RATE_HZ / 2, TAPS)
    shape_db = np.maximum(response_db(microphone, np.maximum(frequency_hz, 1.0)), FLOOR_DB)
    return np.asarray(firwin2(TAPS, frequency_hz, 10 ** (shape_db / 20), fs=SAMPLE_RATE_HZ), np.float32)
