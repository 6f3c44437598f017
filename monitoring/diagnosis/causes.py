"""Which slice explains a shift best: the smallest one without which nothing would have moved. Pure functions.

A slice is judged by the part of the shift that it holds, less the part of the traffic that it has: a phone with 2 % of
the queries that holds all of the shift explains it better than its operating system, which holds all of it too.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from monitoring.diagnosis.evidence import Evidence
from monitoring.findings import Cause, Slice

NEARLY: Final = 0.05
"""A slice of more fields is preferred if it explains that little less: it names both device and version."""
WORTH_NAMING: Final = 0.1
MOST_CAUSES: Final = 5


def causes_of(signal: str, found_in: Sequence[Slice], evidence: Evidence) -> tuple[Cause, ...]:
    """Slices by how well they explain why a signal moved, best first; never empty.

    `found_in` are the slices in which it was found to move, the surest one first: the most that any of them holds is
    the whole shift, so that chance in large slices explains nothing.
    """
    excess, traffic = evidence.excess(signal), evidence.share(signal)
    places = [place for which in found_in if (place := evidence.place(which)) is not None]
    sign = np.sign(excess[places[0]]) if places else 0.0
    whole = float(np.max(excess[places] * sign, initial=0.0))
    if not whole:
        return (Cause(slice=found_in[0], explained=1.0),)
    explained = np.clip(excess * sign / whole, 0.0, 1.0)
    worth = [
        i for i in np.flatnonzero(explained >= WORTH_NAMING).tolist() if compatible(evidence.slices[i], found_in[0])
    ]
    score = dict(zip(worth, (explained - traffic)[worth].tolist(), strict=True))
    best = max(score.values(), default=0.0)
    ranked = sorted(worth, key=lambda i: _rank(score[i], best, len(evidence.slices[i])), reverse=True)
    if not ranked:
        return (Cause(slice=found_in[0], explained=1.0),)
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
