"""One diagnosis for each cause: findings that the same slice explains belong together. Pure functions."""

from collections.abc import Callable, Sequence
from typing import Final

from monitoring.diagnosis.causes import causes_of, compatible, contains
from monitoring.diagnosis.evidence import Evidence
from monitoring.findings import Cause, Finding, Slice

MOSTLY: Final = 0.5
"""A finding belongs to a cause that holds so much of the shift that it found."""


def grouped(
    findings: Sequence[Finding], evidence_since: Callable[[float], Evidence]
) -> list[tuple[tuple[Finding, ...], tuple[Cause, ...]]]:
    """Findings by cause, with the causes of the strongest of each group; the group with most evidence first."""
    left = sorted(findings, key=lambda finding: finding.evidence, reverse=True)
    groups = []
    while left:
        evidence = evidence_since(left[0].since)
        alike = [one.slice for one in left if one.signal == left[0].signal and compatible(one.slice, left[0].slice)]
        causes = causes_of(left[0].signal, alike, evidence)
        own = [left[0], *(one for one in left[1:] if belongs(one, causes[0].slice, evidence))]
        left = [one for one in left if not any(one is other for other in own)]
        groups.append((tuple(own), causes))
    return groups


def belongs(finding: Finding, cause: Slice, evidence: Evidence) -> bool:
    """Is the finding's shift mostly that of the cause?"""
    if contains(cause, finding.slice):
        return True
    here, there = evidence.place(cause), evidence.place(finding.slice)
    if here is None or there is None or not compatible(cause, finding.slice):
        return False
    excess = evidence.excess(finding.signal)
    return bool(excess[here] * excess[there] > 0 and abs(excess[here]) >= MOSTLY * abs(excess[there]))
