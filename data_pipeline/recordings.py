"""The sound of a manifest's row, as the pipeline takes it. Knows files; what to do with the sound it does not."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from asr.audio import SAMPLE_RATE_HZ
from asr.decode import Encoding, PcmFormat, decode
from asr.errors import UndecodableAudio
from data_pipeline.manifest import Row

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

    Raises OSError where the file cannot be read, and for a part what `asr.decode.decode` raises, or
    UndecodableAudio where the file ends before the part does.
    """
    data = row.path.read_bytes()
    if row.offset_s is None:
        return Recording(row, data)
    audio = decode(data)
    start, end = (round(s * SAMPLE_RATE_HZ) for s in (row.offset_s, row.offset_s + row.duration_s))
    if end > len(audio.samples) + SAMPLE_RATE_HZ // 100:
        raise UndecodableAudio(
            f"the file lasts {audio.duration_s:.3f} s, the part would end at {end / SAMPLE_RATE_HZ} s"
        )
    return Recording(row, audio.samples[start:end].astype(np.dtype("<f4")).tobytes(), _CUT)
