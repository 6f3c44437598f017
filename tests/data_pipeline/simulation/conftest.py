"""What the tests of the simulation share: real speech, the reference detector, constructed signals."""

from pathlib import Path

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples
from asr.cache import pull
from asr.decode import decode
from asr.loading import Detector, load_detector
from asr.vad import VoiceDetector
from data_pipeline.simulation.sounds import Sounds, read_sounds


@pytest.fixture(scope="session")
def detector() -> VoiceDetector:
    pull("silero-vad-16k")
    return load_detector(Detector.SILERO)


@pytest.fixture(scope="session")
def sounds() -> Sounds:
    return read_sounds()


@pytest.fixture(scope="session")
def query(query_clip: Path) -> Audio:
    """One real query: 2.2 s, of which one is speech."""
    return decode(query_clip.read_bytes())


@pytest.fixture(scope="session")
def white() -> Audio:
    """Two seconds of white noise at -20 dBFS."""
    return Audio((0.1 * np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE_HZ)).astype(np.float32))


def lag_ms(original: Samples, changed: Samples) -> float:
    """By how much a signal comes later than another, by their cross-correlation; rumble does not count."""
    length = 2 * max(len(original), len(changed))
    spectra = [np.fft.rfft(np.diff(one, prepend=one[:1]), length) for one in (original, changed)]
    correlation = np.fft.irfft(spectra[1] * spectra[0].conj())
    peak = int(np.argmax(correlation))
    return (peak if peak < length // 2 else peak - length) / SAMPLE_RATE_HZ * 1e3


def band_db(before: Samples, after: Samples, *, low_hz: float, high_hz: float) -> float:
    """How much a band gained."""
    frequency_hz = np.fft.rfftfreq(len(before), 1 / SAMPLE_RATE_HZ)
    band = (frequency_hz >= low_hz) & (frequency_hz < high_hz)
    power = [float(np.sum(np.abs(np.fft.rfft(one)[band]) ** 2)) for one in (before, after)]
    return 10 * float(np.log10(power[1] / power[0]))
