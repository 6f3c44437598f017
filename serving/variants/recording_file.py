"""A recording as a file with a name that says what it is: OpenAI's API goes by the ending. Knows no codec."""

import struct
from typing import Final

import numpy as np

from asr.decode import Encoding, PcmFormat

_ENDINGS: Final = (
    (0, b"RIFF", "wav"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"\x1aE\xdf\xa3", "webm"),
    (4, b"ftyp", "m4a"),
)
_WAV: Final = {
    Encoding.S16LE: (1, 2),
    Encoding.S16BE: (1, 2),
    Encoding.S24LE: (1, 3),
    Encoding.S32LE: (1, 4),
    Encoding.F32LE: (3, 4),
    Encoding.U8: (1, 1),
    Encoding.MULAW: (7, 1),
    Encoding.ALAW: (6, 1),
}
"""Format tag and bytes of a sample."""


def as_file(data: bytes, pcm: PcmFormat | None) -> tuple[str, bytes]:
    """Name and bytes; samples without a header get one, everything else stays as it is."""
    if pcm is not None:
        return "recording.wav", _with_header(data, pcm)
    found = (ending for at, magic, ending in _ENDINGS if data[at : at + len(magic)] == magic)
    return f"recording.{next(found, 'mp3')}", data


def _with_header(samples: bytes, pcm: PcmFormat) -> bytes:
    """A RIFF/WAVE file of whole frames; its numbers are little-endian."""
    tag, sample_bytes = _WAV[pcm.encoding]
    frame_bytes = sample_bytes * pcm.channels
    samples = samples[: len(samples) // frame_bytes * frame_bytes]
    if pcm.encoding is Encoding.S16BE:
        samples = np.frombuffer(samples, ">i2").astype("<i2").tobytes()
    rate_hz = pcm.sample_rate_hz
    form = struct.pack("<HHIIHH", tag, pcm.channels, rate_hz, rate_hz * frame_bytes, frame_bytes, 8 * sample_bytes)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks
