"""The recordings that a benchmark sends: read once, chosen by length. Knows no server and no engine."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from asr.audio import SAMPLE_RATE_HZ, Audio
from data_pipeline.errors import InvalidManifest
from data_pipeline.manifest import Row, read_manifest

DEFAULT_MANIFEST: Final = Path("tests/clips/manifest.jsonl")
SHORTEST_OVER_TARGET: Final = 0.9


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording of a manifest, with the bytes of its file."""

    path: Path
    content: bytes
    duration_s: float
    text: str
    source: str


def read_clips(manifest: Path | None, *, max_duration_s: float | None = None) -> list[Clip]:
    """Recordings of a JSON-lines manifest, shortest first; `manifest` defaults to the repository's own.

    Raises FileNotFoundError where there is no manifest or recording, InvalidManifest for a line that is no whole
    recording, ValueError where no clip is of the wanted length.
    """
    path = manifest or DEFAULT_MANIFEST
    if not path.is_file():
        hint = "" if manifest else "; name your own recordings with --clips MANIFEST"
        raise FileNotFoundError(f"no manifest at {path}{hint}")
    clips = [_clip(row) for row in read_manifest(path)]
    wanted = [clip for clip in clips if max_duration_s is None or clip.duration_s <= max_duration_s]
    if not wanted:
        raise ValueError(f"{path} has no clip of at most {max_duration_s} s")
    return sorted(wanted, key=lambda clip: clip.duration_s)


def _clip(row: Row) -> Clip:
    if row.offset_s:
        raise InvalidManifest(str(row.refused("a part of a file; only whole files can be sent")))
    return Clip(row.path, row.path.read_bytes(), row.duration_s, row.text or "", row.field("source") or "")


def read_audio(content: bytes) -> Audio:
    """A file as an engine takes it: mono, 16 kHz, nothing trimmed, nothing padded.

    Read by soundfile and soxr alone, so that bare engines and peers do not depend on our front end.
    """
    samples, rate_hz = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate_hz, SAMPLE_RATE_HZ)
    return Audio(np.ascontiguousarray(mono, dtype=np.float32))


def pieces_of(clips: Sequence[Clip], duration_s: float, *, count: int) -> list[Audio]:
    """Up to `count` real recordings of about `duration_s`: the next longer ones, cut at their end.

    A recording that falls short by no more than a tenth is taken whole.
    """
    long_enough = [clip for clip in clips if clip.duration_s >= SHORTEST_OVER_TARGET * duration_s][:count]
    if not long_enough:
        raise ValueError(f"no clip lasts about {duration_s} s")
    length = round(duration_s * SAMPLE_RATE_HZ)
    return [Audio(read_audio(clip.content).samples[:length]) for clip in long_enough]
