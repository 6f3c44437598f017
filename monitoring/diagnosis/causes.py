"""Which slice explains a shift best: the smallest one without which nothing would have moved. Pure functions.

A slice is judged by the part of the shift that it holds, less the part of the traffic that it has: a phone with 2 % of
the queries that holds all of the shift explains it better than its operating system, which holds all of it too.
"""

from typing import Final

import numpy as np

from monitoring.diagnosis.evidence import Evidence
from monitoring.findings import Cause, Slice

NEARLY: Final = 0.05
"""A slice of more fields is preferred if it explains that little less: it names both device and version."""
WORTH_NAMING: Final = 0.1
MOST_CAUSES: Final = 5


def causes_of(signal: str, found_in: Slice, evidence: Evidence) -> tuple[Cause, ...]:
    """Slices by how well they explain why a signal moved in a slice, best first; never empty."""
    excess, traffic = evidence.excess(signal), evidence.share(signal)
    place = evidence.place(found_in)
    sign = np.sign(excess[place]) if place is not None else 0.0
    all_of_it = float(np.max(excess * sign, initial=0.0))
    if not all_of_it:
        return (Cause(slice=found_in, explained=1.0),)
    explained = np.clip(excess * sign / all_of_it, 0.0, 1.0)
    worth = [i for i in np.flatnonzero(explained >= WORTH_NAMING).tolist() if compatible(evidence.slices[i], found_in)]
    score = dict(zip(worth, (explained - traffic)[worth].tolist(), strict=True))
    best = max(score.values(), default=0.0)
    ranked = sorted(worth, key=lambda i: _rank(score[i], best, len(evidence.slices[i])), reverse=True)
    if not ranked:
        return (Cause(slice=found_in, explained=1.0),)
    return tuple(Cause(slice=evidence.slices[i], explained=float(explained[i])) for i in ranked[:MOST_CAUSES])


def compatible(one: Slice, other: Slice) -> bool:
    """May an event be in both?

    >>> phone, tablet, version = (("device", "phone"),), (("device", "tablet"),), (("version", "5"),)
    >>> compatible(phone, version), compatible(phone, tablet), compatible((), tablet)
    (True, False, True)
    """
    fields = dict(other)
    return all(fields.get(field, value) == value for field, value in one)


def contains(one: Slice, other: Slice) -> bool:
    """Is every event of the other slice in this one?

    >>> contains((("device", "phone"),), (("device", "phone"), ("version", "5")))
    True
    """
    return set(one) <= set(other)


def _rank(score: float, best: float, fields: int) -> tuple[bool, int, float]:
    return (score >= best - NEARLY, fields if score >= best - NEARLY else 0, score)
