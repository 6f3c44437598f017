"""The RIFF header of a wav file, and the quickest way to its samples where they are 16 kHz mono PCM16.

Knows no other container; every other kind of wav is left to libsndfile.
"""

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from asr.audio import SAMPLE_RATE_HZ, Samples

PCM: Final = 1
UNKNOWN_SIZES: Final = frozenset({0, 0x7FFFFFFF, 0x7FFFF000, 0x80000000, 0xFFFFFFFF})
"""What writers to a pipe put where they could not go back to write the size."""


@dataclass(frozen=True, slots=True)
class WavHeader:
    """The `fmt ` chunk and where the `data` chunk lies."""

    encoding: int
    channels: int
    sample_rate_hz: int
    bits: int
    start: int
    """Offset of the first byte of sound."""
    size: int
    """Bytes of sound that the header promises."""
    available: int
    """Bytes that the file has from `start` on."""

    @property
    def truncated(self) -> bool:
        """The file ends before its header says."""
        return self.size > self.available and self.size not in UNKNOWN_SIZES


def read_header(data: bytes) -> WavHeader | None:
    """The header of a RIFF/WAVE file; None where it has no `fmt ` and `data` chunk."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    form: tuple[int, int, int, int] | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"fmt " and size >= 16 and at + 16 <= len(data):
            encoding, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", data, at)
            form = (encoding, channels, rate_hz, bits)
        elif name == b"data":
            return WavHeader(*form, start=at, size=size, available=len(data) - at) if form else None
        at += size + size % 2
    return None


def fast_samples(data: bytes, header: WavHeader) -> Samples | None:
    """Samples in [-1, 1) of 16 kHz mono PCM16; None for every other kind."""
    kind = (header.encoding, header.channels, header.sample_rate_hz, header.bits)
    if kind != (PCM, 1, SAMPLE_RATE_HZ, 16):
        return None
    size = header.available if header.size in UNKNOWN_SIZES else min(header.size, header.available)
    samples = np.frombuffer(data, "<i2", count=size // 2, offset=header.start)
    return samples * np.float32(1 / 32768)
