"""Which slice explains a shift best: the one in which it is likeliest. Pure functions.

Where the shift detector has evidence, that is the slice whose events gain most likelihood by a shift, as in the scan
statistic (Kulldorff, "A spatial scan statistic", 1997): events of other slices that are mixed in make it less likely.
Elsewhere a slice is judged by the part of the shift that it holds, less the part of the traffic that it has.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.diagnosis.evidence import Evidence
from monitoring.findings import Cause, Slice, compatible, contains

NEARLY: Final = 0.9
"""A slice of more fields is preferred if it explains nearly as much: it names both device and version."""
CLEARLY_LESS: Final = 0.8
WORTH_NAMING: Final = 0.1
MOST_CAUSES: Final = 5


def causes_of(signal: str, found_in: Sequence[Slice], evidence: Evidence) -> tuple[Cause, ...]:
    """Slices by how well they explain why a signal moved, best first; never empty.

    `found_in` are the slices in which it was found to move, the surest one first.
    """
    explained = _explained(signal, found_in, evidence)
    scores: NDArray[np.float64] = evidence.gain(signal)
    if not scores.max(initial=0.0):
        scores = np.where(explained >= WORTH_NAMING, explained - evidence.share(signal), 0.0)
    able = [i for i, one in enumerate(evidence.slices) if scores[i] > 0 and compatible(one, found_in[0])]
    if able:
        top = max(able, key=lambda i: float(scores[i]))
        within = _within(top, explained, evidence.share(signal), evidence.slices)
        within &= [compatible(one, found_in[0]) for one in evidence.slices]
        scores = np.where(within, np.maximum(scores, explained * scores[top]), scores)
        able = sorted({*able, *np.flatnonzero(within).tolist()})
    best = max((scores[i] for i in able), default=0.0)
    worth = [i for i in able if scores[i] >= WORTH_NAMING * best]
    ranked = sorted(worth, key=lambda i: _rank(float(scores[i] / best), len(evidence.slices[i])), reverse=True)
    if not ranked:
        return (Cause(slice=found_in[0], explained=1.0),)
    held = explained if explained.any() else np.ones_like(explained)  # the mean has not moved, only the distribution
    return tuple(Cause(slice=evidence.slices[i], explained=float(held[i])) for i in ranked[:MOST_CAUSES])


def _within(
    top: int, explained: NDArray[np.float64], share: NDArray[np.float64], slices: Sequence[Slice]
) -> NDArray[np.bool_]:
    """Parts of a slice that hold nearly all of its shift in clearly less of its traffic.

    A new version of the app on one device is known too little to gain much likelihood by itself.
    """
    within = (explained >= NEARLY * explained[top]) & (share <= CLEARLY_LESS * share[top]) & (explained > 0)
    parts = [contains(slices[top], one) and one != slices[top] for one in slices]
    return np.asarray(within & np.array(parts, dtype=bool))


def _explained(signal: str, found_in: Sequence[Slice], evidence: Evidence) -> NDArray[np.float64]:
    """Part of the shift of the mean that each slice holds, in [0, 1]; the whole is the most that any finding holds.

    All 0 where the mean has not moved.
    """
    excess = evidence.excess(signal)
    places = [place for which in found_in if (place := evidence.place(which)) is not None]
    sign = np.sign(excess[places[0]]) if places else 0.0
    whole = float(np.max(excess[places] * sign, initial=0.0))
    return np.clip(excess * sign / whole, 0.0, 1.0) if whole else np.zeros_like(excess)


def _rank(score: float, fields: int) -> tuple[bool, int, float]:
    return (score >= NEARLY, fields if score >= NEARLY else 0, score)
