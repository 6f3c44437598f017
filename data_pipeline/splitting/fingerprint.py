"""A fingerprint of speech: 32 bytes that stay alike when a recording is copied at another level, format or cut.

The envelopes of 16 bands are taken to their modulation spectra (how much and in which phase each band rises and falls
0.25 to 10 times a second). The product of one band's with the conjugate of another's keeps their relation and drops
what a shift in time, a gain or a filter changes. The signs of 256 projections of these products are the bits
(Charikar, STOC 2002: the share of bits that differ is the angle between the originals over pi). Telephone bandwidth
is enough. Knows no manifest.
"""

from functools import cache
from hashlib import shake_256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples

BYTES: Final = 32
MAX_DISTANCE: Final = 40
"""Bits in which two copies of the same speech differ at most; measured: docs/decisions.md."""

BANDS: Final = 16
LOWEST_HZ: Final = 150.0
HIGHEST_HZ: Final = 3600.0
FRAME: Final = SAMPLE_RATE_HZ // 40
HOP: Final = SAMPLE_RATE_HZ // 100
FFT_LENGTH: Final = 512
MODULATION_HZ: Final = np.arange(0.25, 10.1, 0.25)
APART: Final = (3, 5, 8)
"""How far apart the bands of a product are."""
BLOCK: Final = 3000
"""Frames worked on at once (30 s): bounds the memory for a recording of hours."""


def fingerprint(audio: Audio) -> bytes | None:
    """The fingerprint; None for silence and for what is shorter than 0.1 s."""
    spectrum = _modulation_spectrum(audio.samples)
    strength = np.sqrt((np.abs(spectrum) ** 2).sum(axis=0))
    if not strength.all():
        return None
    flat = spectrum / strength
    flat /= np.abs(flat).mean(axis=1, keepdims=True) + 1e-9
    products = np.concatenate([(flat[:, apart:] * flat[:, :-apart].conj()).ravel() for apart in APART])
    products /= np.sqrt(np.abs(products)) + 1e-9
    features = np.concatenate([products.real, products.imag])
    return np.packbits(features @ _projection(len(features)) > 0).tobytes()


def distance(one: bytes, other: bytes) -> int:
    """In how many bits two fingerprints differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def _modulation_spectrum(samples: Samples) -> NDArray[np.complex128]:
    """Shape (modulations, bands); all zero for silence. Of any length of sound, silence around it adding nothing."""
    spectrum = np.zeros((len(MODULATION_HZ), BANDS), np.complex128)
    if len(samples) < SAMPLE_RATE_HZ // 10:
        return spectrum
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    for start in range(0, len(frames), BLOCK):
        envelopes = _envelopes(frames[start : start + BLOCK])
        times_s = (start + np.arange(len(envelopes))) * HOP / SAMPLE_RATE_HZ
        spectrum += np.exp(-2j * np.pi * np.outer(MODULATION_HZ, times_s)) @ envelopes
    return spectrum


def _envelopes(frames: Samples) -> NDArray[np.float64]:
    """Shape (frames, bands): root of the energy."""
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(FRAME), FFT_LENGTH))
    edges = _band_edges()
    power = np.square(spectrum[:, : edges[-1]], dtype=np.float64)
    return np.asarray(np.sqrt(np.add.reduceat(power, edges[:-1], axis=1)), np.float64)


def _band_edges() -> NDArray[np.intp]:
    """First bin of each band, and the one after the last; of equal width on the mel scale (O'Shaughnessy, 1987)."""
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    edges_hz = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 1) / 2595) - 1)
    return np.asarray(np.round(edges_hz / SAMPLE_RATE_HZ * FFT_LENGTH), np.intp)


@cache
def _projection(features: int) -> NDArray[np.float64]:
    """Shape (features, bits), of +1 and -1; from a hash, so that it is the same everywhere and for ever."""
    count = features * BYTES * 8
    signs = np.unpackbits(np.frombuffer(shake_256(b"speech fingerprint 1").digest(count // 8), np.uint8))
    return np.asarray(signs.reshape(features, -1) * 2.0 - 1.0, np.float64)
