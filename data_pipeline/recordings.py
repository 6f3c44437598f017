"""The sound of a manifest's row, as the pipeline takes it. Knows files; what to do with the sound it does not."""

import errno
import os
import stat
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from asr.audio import SAMPLE_RATE_HZ, Audio
from asr.decode import DecodeLimits, Encoding, PcmFormat, decode
from asr.errors import UndecodableAudio
from data_pipeline.manifest import Row

MAX_FILE_BYTES: Final = DecodeLimits().max_bytes
"""A larger file would not be decoded either."""
LENGTH_TOLERANCE_S: Final = 0.1
"""Lossy codecs put silence around a recording, and players count it differently."""

_CUT: Final = PcmFormat(sample_rate_hz=SAMPLE_RATE_HZ, encoding=Encoding.F32LE)


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A row and its bytes."""

    row: Row
    data: bytes
    pcm: PcmFormat | None = None
    """How to read the bytes where they are a part cut from a file; None for a whole file."""


def read_recording(row: Row) -> Recording:
    """The bytes of a row: its file as it is, or, where the row has an offset, that part of it decoded.

    Raises OSError where the file cannot be read, UndecodableAudio where it is another than the row's `sha256` says or
    ends before the part does, and for a part what `asr.decode.decode` raises.
    """
    data = _bytes_of(row)
    if row.offset_s is None:
        return Recording(row, data)
    part = _part(decode(data), row.offset_s, row.duration_s)
    return Recording(row, part.samples.astype(np.dtype("<f4")).tobytes(), _CUT)


def read_audio(row: Row) -> Audio:
    """The sound of a row, which must be what the manifest says: its length, and its `sha256` where that is known.

    Raises OSError, what `asr.decode.decode` raises, and UndecodableAudio for another or a damaged recording.
    """
    audio = decode(_bytes_of(row))
    if audio.truncated:
        raise UndecodableAudio("the file is cut or damaged")
    if row.offset_s is not None:
        return _part(audio, row.offset_s, row.duration_s)
    if abs(audio.duration_s - row.duration_s) > LENGTH_TOLERANCE_S:
        raise UndecodableAudio(f"the file lasts {audio.duration_s:.3f} s, the manifest says {row.duration_s:g} s")
    return audio


def read_bytes(path: Path) -> bytes:
    """A recording's file: a regular one of bounded size, since a name may be that of a device or a pipe.

    Raises OSError where it cannot be read, UndecodableAudio for anything else.
    """
    # A pipe that nobody writes to would not be opened otherwise.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        about = os.fstat(file.fileno())
        if stat.S_ISDIR(about.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(about.st_mode):
            raise UndecodableAudio("not a regular file")
        if about.st_size > MAX_FILE_BYTES:
            raise UndecodableAudio(f"the file has {about.st_size} bytes, more than {MAX_FILE_BYTES}")
        return file.read()


def _bytes_of(row: Row) -> bytes:
    """The row's file, held against its `sha256`."""
    data = read_bytes(row.path)
    expected = row.field("sha256")
    if expected is not None and sha256(data).hexdigest() != expected:
        raise UndecodableAudio("the file is not the one that the manifest means: its sha256 differs")
    return data


def _part(audio: Audio, offset_s: float, duration_s: float) -> Audio:
    start, end = (round(s * SAMPLE_RATE_HZ) for s in (offset_s, offset_s + duration_s))
    if end > len(audio.samples) + SAMPLE_RATE_HZ // 100:
        raise UndecodableAudio(
            f"the file lasts {audio.duration_s:.3f} s, the part would end at {end / SAMPLE_RATE_HZ} s"
        )
    return replace(audio, samples=audio.samples[start:end])
