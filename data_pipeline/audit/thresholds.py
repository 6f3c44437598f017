"""From which value on a measure is a finding: one record for all checks, so that an audit can be repeated.

The defaults were chosen on planted faults in half of the speakers of a real corpus: docs/decisions.md.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Settings of an audit."""

    practice_gap: float = 0.2
    """A labeler or corpus departs where its share of labels in the usual writing is lower by this than elsewhere."""
    practice_z: float = 3.0
    """And where chance would do so as rarely as this many standard deviations (two-proportion z-test)."""
    alpha: float = 0.8
    """Agreement beyond chance below this is too little (Krippendorff's customary bound)."""
    letters_per_s: float = 25.0
    """No one speaks faster than this in a recording, pauses left out."""
    slow_letters_per_s: float = 2.3
    """Words are missing from the label of a recording with fewer."""
    likely_wrong: float = 0.29
    """Score of `likely_wrong.doubt` from which a label is told."""
    onset_db: float = -11.0
    """A beginning is cut only where the first 20 ms are not quieter than speech by more than this."""
    offset_db: float = -30.0
    """The same for the last 20 ms: words end softly."""
    silence_tolerance_s: float = 0.15
    """How far silence before and after speech may be from the rule."""
    loudness_z: float = 3.5
    """Robust z-score of an outlier (Iglewicz and Hoaglin 1993)."""
    loudness_floor_db: float = 2.0
    """Taken as the spread of a group that has less; nobody hears such differences as a fault."""
    min_speech_s: float = 0.3
    """So much speech under an empty label is told."""
    common_field: float = 0.5
    """A field that this share of a corpus has is missing from the others."""
    min_rows: int = 5
    """Groups with fewer rows are not compared with others."""


DEFAULT: Final = Thresholds()
