"""Blocks of sound through libsndfile: wav, flac, ogg/vorbis, aiff, au, caf and headerless PCM.

Knows nothing of limits or sample rates wanted: it gives what the file holds.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import soundfile

from asr.audio import Samples
from asr.errors import UndecodableAudio

BLOCK_FRAMES: Final = 1 << 16
UNKNOWN_LENGTH: Final = 2**63 - 1
"""libsndfile's SF_COUNT_MAX: the header does not say."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A piece of sound as the file has it."""

    samples: Samples
    """Shape (frames, channels), full scale is [-1, 1]."""
    sample_rate_hz: int
    truncated: bool = False
    """Sound is missing in or after this piece."""
    promised_frames: int = 0
    """Length of the whole file by its header; 0 where that does not say."""


class Encoding(StrEnum):
    """How one sample of headerless PCM is written."""

    S16LE = "s16le"
    S16BE = "s16be"
    S24LE = "s24le"
    S32LE = "s32le"
    F32LE = "f32le"
    U8 = "u8"
    MULAW = "mulaw"
    ALAW = "alaw"


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmFormat:
    """What headerless sound does not say about itself."""

    sample_rate_hz: int
    channels: int = 1
    encoding: Encoding = Encoding.S16LE


@dataclass(frozen=True, slots=True)
class _Subtype:
    name: str
    sample_bytes: int
    endian: str = "LITTLE"


_SUBTYPES: Final = {
    Encoding.S16LE: _Subtype("PCM_16", 2),
    Encoding.S16BE: _Subtype("PCM_16", 2, "BIG"),
    Encoding.S24LE: _Subtype("PCM_24", 3),
    Encoding.S32LE: _Subtype("PCM_32", 4),
    Encoding.F32LE: _Subtype("FLOAT", 4),
    Encoding.U8: _Subtype("PCM_U8", 1),
    Encoding.MULAW: _Subtype("ULAW", 1),
    Encoding.ALAW: _Subtype("ALAW", 1),
}


def file_blocks(data: bytes) -> Iterator[Block]:
    """The sound of a file that carries its own header.

    Raises:
        UndecodableAudio: libsndfile does not know the format, or it broke before any sound.
    """
    try:
        file = soundfile.SoundFile(io.BytesIO(data))
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        raise UndecodableAudio("libsndfile cannot read this file") from error
    with file:
        yield from _blocks(file)


def pcm_blocks(data: bytes, pcm: PcmFormat) -> Iterator[Block]:
    """The sound of headerless PCM; a last incomplete frame is left out and reported as truncation."""
    subtype = _SUBTYPES[pcm.encoding]
    whole = len(data) - len(data) % (subtype.sample_bytes * pcm.channels)
    with soundfile.SoundFile(
        io.BytesIO(data[:whole]),
        samplerate=pcm.sample_rate_hz,
        channels=pcm.channels,
        format="RAW",
        subtype=subtype.name,
        endian=subtype.endian,
    ) as file:
        yield from _blocks(file)
    if whole < len(data):
        yield Block(np.empty((0, pcm.channels), np.float32), pcm.sample_rate_hz, truncated=True)


def _blocks(file: soundfile.SoundFile) -> Iterator[Block]:
    promised, given = 0 if file.frames == UNKNOWN_LENGTH else file.frames, 0
    while True:
        samples, broken = _read(file)
        given += len(samples)
        ended = broken or len(samples) < BLOCK_FRAMES
        cut = broken or (ended and given < promised)
        yield Block(samples, file.samplerate, truncated=cut, promised_frames=promised)
        if ended:
            return


def _read(file: soundfile.SoundFile) -> tuple[Samples, bool]:
    """Up to `BLOCK_FRAMES` frames, and whether the decoder broke off."""
    buffer = np.zeros((BLOCK_FRAMES, file.channels), np.float32)
    try:
        return file.read(out=buffer), False
    except soundfile.LibsndfileError:
        return buffer[:0], True
