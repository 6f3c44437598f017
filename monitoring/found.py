"""What the detectors have found, in one form: numbers of slices and signals, not yet their names."""

from dataclasses import dataclass
from typing import Final

from monitoring.gradual import GradualDetector
from monitoring.scores import Direction
from monitoring.shift import ShiftDetector

SHIFT: Final = "shift"
GRADUAL: Final = "gradual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A signal that moved in a slice."""

    code: int
    signal: int
    detector: str
    since: float
    n: int
    after: float
    evidence: float
    direction: Direction | None = None


def found_by_detectors(shifts: ShiftDetector, gradual: GradualDetector) -> list[Found]:
    """Each slice and signal once: what jumped is not told again as creeping."""
    found = {
        (one.code, one.signal): Found(
            code=one.code,
            signal=one.signal,
            detector=SHIFT,
            since=one.since,
            n=one.n,
            after=one.after,
            evidence=one.evidence,
            direction=one.direction,
        )
        for one in shifts.shifts()
    }
    for one in gradual.creeps():
        creep = Found(
            code=one.code,
            signal=one.signal,
            detector=GRADUAL,
            since=one.since,
            n=one.n,
            after=one.after,
            evidence=one.evidence,
        )
        found.setdefault((one.code, one.signal), creep)
    return list(found.values())
