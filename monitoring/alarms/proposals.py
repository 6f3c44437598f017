"""Thresholds that would have kept the confirmed alarms and lost the dismissed ones, from what findings recorded.

Pure functions over judged alarms. Each detector's findings on each signal are taken by themselves, since evidence can
be compared within a detector only. An alarm keeps of each finding the strongest form, and that is what a higher
threshold would have been held against; what a lower one would have found is not known.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitoring.alarms.alarm import Alarm, Verdict
from monitoring.findings import Finding

ENOUGH_VERDICTS: Final = 2
"""Of each kind; fewer say nothing."""


class Measure(StrEnum):
    """What is held against a threshold; named like the keys of a policy."""

    EVIDENCE = "min_evidence"
    EFFECT = "min_effect"

    def of(self, finding: Finding) -> float:
        """Its value in a finding."""
        return finding.evidence if self is Measure.EVIDENCE else abs(finding.after - finding.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A threshold for one detector on one signal."""

    signal: str
    detector: str
    measure: Measure
    threshold: float
    """Keeps every confirmed alarm."""
    confirmed: int
    dismissed: int
    lost: int
    """Dismissed alarms that it would have lost."""

    @property
    def separates(self) -> bool:
        """Would it have lost all of the dismissed? Where not, no threshold of any measure does that."""
        return self.lost == self.dismissed


def propose(alarms: Iterable[Alarm]) -> list[Proposal]:
    """For each signal and detector with enough verdicts the threshold that loses most of the dismissed alarms."""
    judged: dict[tuple[str, str], dict[Verdict, list[Finding]]] = {}
    for alarm in alarms:
        if alarm.verdict is None or alarm.merged_into is not None:
            continue
        strongest = {(one.signal, one.detector): one for one in reversed(alarm.diagnosis.findings)}
        for key, finding in strongest.items():
            judged.setdefault(key, {}).setdefault(alarm.verdict, []).append(finding)
    return [
        _best(key, verdicts[Verdict.CONFIRMED], verdicts[Verdict.DISMISSED])
        for key, verdicts in sorted(judged.items())
        if all(len(verdicts.get(verdict, ())) >= ENOUGH_VERDICTS for verdict in Verdict)
    ]


def _best(key: tuple[str, str], confirmed: Sequence[Finding], dismissed: Sequence[Finding]) -> Proposal:
    return max(
        (_proposal(key, measure, confirmed, dismissed) for measure in Measure), key=lambda proposal: proposal.lost
    )


def _proposal(
    key: tuple[str, str], measure: Measure, confirmed: Sequence[Finding], dismissed: Sequence[Finding]
) -> Proposal:
    """Between the weakest confirmed and the strongest dismissed below it: in the middle by ratio."""
    weakest = min(map(measure.of, confirmed))
    below = [value for value in map(measure.of, dismissed) if value < weakest]
    return Proposal(
        signal=key[0],
        detector=key[1],
        measure=measure,
        threshold=_between(max(below), weakest) if below else weakest,
        confirmed=len(confirmed),
        dismissed=len(dismissed),
        lost=len(below),
    )


def _between(low: float, high: float) -> float:
    """Above `low` and at most `high`, in few digits where that is possible."""
    middle = math.sqrt(low * high) if low > 0 else (low + high) / 2
    for digits in range(2, 17):
        short = float(f"{middle:.{digits}g}")
        if low < short <= high:
            return short
    return high
