"""Did anything move, or are there only more requests of some slices and fewer of others? Pure functions.

The shift of a mean is the sum of what moved within slices and of what the shares of the slices moved (Kitagawa,
"Components of a difference between two rates", 1955).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from monitoring.diagnosis.evidence import Evidence
from monitoring.findings import FLEET, Cause, Slice

MOSTLY: Final = 0.65
"""The shift is one of traffic where the shares of the slices explain so much of it."""
COVERS: Final = 0.8
"""A field divides events if so many of them have it."""


def shift_of_traffic(signal: str, evidence: Evidence) -> Cause | None:
    """The slice whose share of the traffic moved the mean of all events, if it was that; else None."""
    fields = sorted({which[0][0] for which in evidence.slices if len(which) == 1})
    found = [_by_field(signal, [w for w in evidence.slices if [f for f, _ in w] == [f]], evidence) for f in fields]
    return max((one for one in found if one), key=lambda cause: cause.explained, default=None)


def _by_field(signal: str, slices: Sequence[Slice], evidence: Evidence) -> Cause | None:
    column, everything = evidence.signals.index(signal), evidence.place(FLEET)
    rows = [row for which in slices if (row := evidence.place(which)) is not None]
    if everything is None or len(rows) < 2:
        return None
    now, before = evidence.since.n[rows, column], evidence.usual[rows, column]
    total_now, total_before = evidence.since.n[everything, column], evidence.usual[everything, column]
    if now.sum() < COVERS * total_now or before.sum() < COVERS * total_before or not now.sum():
        return None
    expected = np.nan_to_num(evidence.expected[rows, column])
    moved = (now / now.sum() - before / before.sum()) * (expected - evidence.expected[everything, column])
    shift = evidence.since.means[everything, column] - evidence.expected[everything, column]
    explained = float(moved.sum() / shift) if shift else 0.0
    if not MOSTLY <= explained <= 1 / MOSTLY:
        return None
    most = int(np.argmax(moved * np.sign(shift)))
    return Cause(slice=evidence.slices[rows[most]], explained=min(explained, 1.0))
