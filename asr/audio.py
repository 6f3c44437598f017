"""The one sound format that every stage after decoding speaks: mono float32 at 16 kHz.

Knows no codec and no model.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ: Final = 16_000

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Mono sound at 16 kHz."""

    samples: Samples
    """Shape (n,), float32, finite, full scale is [-1, 1]; resampled sound may overshoot it a little."""

    clipping_ratio: float = 0.0
    """Share of the source's samples, before resampling, that stood at full scale."""

    truncated: bool = False
    """Sound is missing: the file ended before its own header said, or a part of it could not be decoded."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of sound, in seconds from the start of the recording; `end_s` is exclusive."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s
