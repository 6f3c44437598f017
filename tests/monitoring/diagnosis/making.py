"""Evidence by hand: two phones, two versions, all four pairs, and the signals of a small service."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from monitoring.diagnosis.evidence import Evidence
from monitoring.findings import FLEET, Finding, Slice
from monitoring.panes import Totals

SIGNALS: Final = ("cut", "empty", "empty_at_equal_input")
USUAL: Final = 0.1
PHONE, TABLET = (("device", "phone"),), (("device", "tablet"),)
OLD, NEW = (("version", "4"),), (("version", "5"),)
PAIRS: Final[tuple[Slice, ...]] = tuple((*device, *version) for device in (PHONE, TABLET) for version in (OLD, NEW))
SLICES: Final[tuple[Slice, ...]] = (FLEET, PHONE, TABLET, OLD, NEW, *PAIRS)


def evidence(
    shifts: Mapping[str, tuple[float, ...]],
    *,
    n: tuple[float, ...] = (300.0, 300.0, 700.0, 700.0),
    usual: tuple[float, ...] | None = None,
    expected: tuple[float, ...] = (USUAL,) * 4,
) -> Evidence:
    """Shifts of the mean in each of the four pairs, with their values since the change and in the reference."""
    now, before, means = (np.array(one, float) for one in (n, usual or n, expected))
    counts, moved = np.zeros((9, 3)), np.zeros((9, 3))
    known, sums = np.zeros((9, 3)), np.zeros((9, 3))
    for row, which in enumerate(SLICES):
        inside = np.array([set(which) <= set(pair) for pair in PAIRS])
        for column, signal in enumerate(SIGNALS):
            counts[row, column], known[row, column] = now[inside].sum(), before[inside].sum()
            moved[row, column] = (now * (means + np.array(shifts.get(signal, (0.0,) * 4))))[inside].sum()
            sums[row, column] = (before * means)[inside].sum()
    total = Totals(counts, moved)
    normal = sums / np.maximum(known, 1)
    return Evidence(
        slices=SLICES,
        signals=SIGNALS,
        since=total,
        expected=normal,
        usual=known,
        gains=np.nan_to_num(counts * np.round(total.means - normal, 9) ** 2),
    )


def finding(signal: str, which: Slice, *, strength: float = 5.0, since: float = 0.0) -> Finding:
    return Finding(
        signal=signal,
        slice=which,
        detector="shift",
        at=100.0,
        since=since,
        before=0.1,
        after=0.2,
        requests=10,
        evidence=strength,
    )
