"""Stage 3 over a manifest: recordings are brought to one loudness, by the same function as in the server."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from asr.audio import Audio
from asr.loudness import LoudnessTarget, normalize
from data_pipeline.manifest import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalization:
    """The step; its defaults are the server's."""

    target: LoudnessTarget = field(default_factory=LoudnessTarget)

    @property
    def name(self) -> str:
        """See `SoundStep`."""
        return "normalize"

    @property
    def version(self) -> int:
        """See `SoundStep`."""
        return 1

    def change(self, row: Row, audio: Audio) -> Iterator[tuple[Row, Audio]]:
        """The recording at its level; the row says what it had, in LUFS (None is silence), and the gain in dB."""
        normalized = normalize(audio, self.target)
        before = normalized.loudness_lufs
        told = {"lufs": round(before, 2) if np.isfinite(before) else None, "gain_db": round(normalized.gain_db, 2)}
        yield row.with_fields(loudness=told), normalized.audio
