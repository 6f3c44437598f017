"""How far loudness is spread within a corpus, a labeler's rows or a device, and what stands out. Pure functions.

Median and median absolute deviation, which the outliers themselves do not move (Iglewicz and Hoaglin 1993).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from data_pipeline.audit.entries import UNNAMED, Entry
from data_pipeline.audit.findings import Finding, Severity, about
from data_pipeline.audit.thresholds import Thresholds

CHECK: Final = "loudness"
GROUP: Final = "loudness_of_group"
MAX_ROWS: Final = 20
MAD_TO_DEVIATION: Final = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""
GROUPS: Final[Mapping[str, Callable[[Entry], str]]] = {
    "corpus": lambda entry: entry.corpus,
    "labeler": lambda entry: entry.labeler,
    "device_model": lambda entry: entry.row.field("device_model") or UNNAMED,
}


@dataclass(frozen=True, slots=True)
class Spread:
    """Loudness of a group."""

    kind: str
    group: str
    rows: int
    median_lufs: float
    spread_db: float
    """Robust standard deviation."""


def check_loudness(entries: Sequence[Entry], thresholds: Thresholds) -> list[Finding]:
    """Rows far from the median of their corpus, and groups whose median is far from those of the others."""
    large = [one for one in spreads(entries) if one.rows >= thresholds.min_rows]
    medians = {one.group: one for one in large if one.kind == "corpus"}
    found = [
        _group(one, z, entries)
        for kind in GROUPS
        for one, z in _against_others([one for one in large if one.kind == kind], thresholds)
        if abs(z) > thresholds.loudness_z
    ]
    for entry in entries:
        level = loudness_of(entry)
        if level is None or (usual := medians.get(entry.corpus)) is None:
            continue
        z = (level - usual.median_lufs) / max(usual.spread_db, thresholds.loudness_floor_db)
        if abs(z) > thresholds.loudness_z:
            message = f"{level:.1f} LUFS, {entry.corpus} has {usual.median_lufs:.1f} ± {usual.spread_db:.1f} dB"
            score = 1 - thresholds.loudness_z / abs(z) / 2
            found.append(about(CHECK, Severity.WARNING, entry, score, message, loudness_lufs=level, z=z))
    return found


def _against_others(groups: Sequence[Spread], thresholds: Thresholds) -> Iterator[tuple[Spread, float]]:
    """Each group's median as a robust z-score among the medians; two groups say nothing of which one is odd."""
    if len(groups) < 3:
        return
    medians = np.array([one.median_lufs for one in groups])
    middle = float(np.median(medians))
    deviation = MAD_TO_DEVIATION * float(np.median(np.abs(medians - middle)))
    for one in groups:
        yield one, (one.median_lufs - middle) / max(deviation, thresholds.loudness_floor_db)


def _group(one: Spread, z: float, entries: Sequence[Entry]) -> Finding:
    rows = tuple(entry for entry in entries if GROUPS[one.kind](entry) == one.group)
    evidence = {"by": one.kind, "group": one.group, "median_lufs": one.median_lufs, "z": z, "rows_in_all": len(rows)}
    message = f"{one.kind} {one.group}: {one.median_lufs:.1f} LUFS, unlike the others"
    return Finding(GROUP, Severity.WARNING, min(1.0, abs(z) / (abs(z) + 4)), message, rows[:MAX_ROWS], evidence)


def spreads(entries: Sequence[Entry]) -> list[Spread]:
    """Median and spread of every group, in order of kind and name; silent recordings do not count."""
    found = []
    for kind, group_of in GROUPS.items():
        levels: dict[str, list[float]] = {}
        for entry in entries:
            if (level := loudness_of(entry)) is not None:
                levels.setdefault(group_of(entry), []).append(level)
        for group, values in sorted(levels.items()):
            median = float(np.median(values))
            deviation = MAD_TO_DEVIATION * float(np.median(np.abs(np.array(values) - median)))
            found.append(Spread(kind, group, len(values), median, deviation))
    return found


def loudness_of(entry: Entry) -> float | None:
    """In LUFS; None for silence and for what could not be measured."""
    return entry.sound.statistics.loudness_lufs if entry.sound else None
