"""Silence before and after speech, against the rule by which clips are cut. Pure functions over entries.

More than the rule leaves can be cut away. Less is a fault only where there was more: where `clip` says how much the
recording had. A recording that was made with less has no better to give, and is no row to look at.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from asr.vad import ClippingRule
from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import Finding, Severity, about
from data_pipeline.audit.thresholds import Thresholds
from data_pipeline.manifest import Row

CHECK: Final = "silence"
RULE: Final = ClippingRule()


@dataclass(frozen=True, slots=True)
class Silence:
    """One side of a recording with speech."""

    side: str
    """Before or after."""
    silence_s: float
    least_s: float
    """What of the recording's own silence the rule leaves; 0 where nothing says how much that was."""
    most_s: float
    """What the rule leaves of more."""

    @property
    def excess_s(self) -> float:
        """How much there is too much; below zero too little."""
        return max(0.0, self.silence_s - self.most_s) or min(0.0, self.silence_s - self.least_s)


def check_silence(entries: Sequence[Entry], thresholds: Thresholds, rule: ClippingRule = RULE) -> list[Finding]:
    """Rows with more silence than the rule leaves, or less of what was there; speech at the edge is another check's."""
    return [
        about(CHECK, Severity.WARNING, entry, _score(one), _message(one), side=one.side, silence_s=one.silence_s)
        for entry in entries
        for one in silences(entry, rule)
        if abs(one.excess_s) > thresholds.silence_tolerance_s
    ]


def silences(entry: Entry, rule: ClippingRule = RULE) -> Iterator[Silence]:
    """Each side of a recording with speech, but where that reaches the edge."""
    if entry.sound is None or not entry.sound.speech:
        return
    statistics = entry.sound.statistics
    if not statistics.onset_clipped:
        least_s = min(rule.lead_padding_s, _had_s(entry.row, "lead_silence"))
        yield Silence("before", statistics.lead_silence_s, least_s, rule.lead_padding_s)
    if not statistics.offset_clipped:
        least_s = min(rule.trail_padding_s, _had_s(entry.row, "trail_silence"))
        yield Silence("after", statistics.trail_silence_s, least_s, rule.trail_padding_s)


def _had_s(row: Row, name: str) -> float:
    """Silence before the recording was clipped; 0 where no one says."""
    clipped = (row.fields or {}).get("clip")
    value = clipped.get(name) if isinstance(clipped, Mapping) else None
    return float(value) if isinstance(value, int | float) and 0 <= value < math.inf else 0.0


def _message(one: Silence) -> str:
    told = f"{one.silence_s:.2f} s of silence {one.side} speech"
    if one.excess_s > 0:
        return f"{told}, the rule leaves {one.most_s:.2f} s"
    return f"{told}, of the recording's own the rule leaves {one.least_s:.2f} s"


def _score(one: Silence) -> float:
    return abs(one.excess_s) / (abs(one.excess_s) + 1)
