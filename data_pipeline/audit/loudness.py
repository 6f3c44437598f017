"""How far loudness is spread within a corpus, a labeler's rows or a device, and what stands out. Pure functions.

Median and median absolute deviation, which the outliers themselves do not move (Iglewicz and Hoaglin 1993).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from data_pipeline.audit.entries import UNNAMED, Entry
from data_pipeline.audit.findings import Finding, Severity, about
from data_pipeline.audit.thresholds import Thresholds

CHECK: Final = "loudness"
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
    """Rows far from the median of their corpus."""
    medians = {one.group: one for one in spreads(entries) if one.kind == "corpus" and one.rows >= thresholds.min_rows}
    found = []
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
