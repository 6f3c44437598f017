"""One diagnosis for each cause: findings that the same slice explains belong together. Pure functions."""

from collections.abc import Callable, Sequence
from typing import Final

from monitoring.diagnosis.causes import causes_of
from monitoring.diagnosis.evidence import Evidence
from monitoring.findings import FLEET, Cause, Finding, Slice, compatible, contains

MOSTLY: Final = 0.5
"""A finding belongs to a cause that holds so much of the shift that it found."""
NEARLY_ALL: Final = 0.9
"""Of a slice's traffic, so that what is found in it is found in the part that has it."""
NO_HARDER: Final = 0.8
"""Likelihood gained with each event of the cause, over that with each event of the slice of a finding."""


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
    """Is it the cause's shift that was found, thinned by other events?"""
    if contains(cause, finding.slice):
        return cause != FLEET or _is_everywhere(finding, evidence)
    here, there = evidence.place(cause), evidence.place(finding.slice)
    if here is None or there is None or not compatible(cause, finding.slice):
        return False
    if contains(finding.slice, cause) and _are_nearly_the_same(finding.signal, here, there, evidence):
        return True
    return _is_thinned(finding.signal, here, there, evidence) or _is_mostly(finding, here, there, evidence)


def _are_nearly_the_same(signal: str, here: int, there: int, evidence: Evidence) -> bool:
    """Has the slice of the finding hardly any traffic since then but the cause's?"""
    share = evidence.share(signal)
    return bool(share[here] >= NEARLY_ALL * share[there] > 0)


def _is_thinned(signal: str, here: int, there: int, evidence: Evidence) -> bool:
    """The cause gains likelihood too, and no less of it with each event."""
    gain, n = evidence.gain(signal), evidence.since.n[:, evidence.signals.index(signal)]
    excess = evidence.excess(signal)
    if gain[here] <= 0 or excess[here] * excess[there] < 0:
        return False
    return bool(gain[here] * max(n[there], 1.0) >= NO_HARDER * gain[there] * max(n[here], 1.0))


def _is_mostly(finding: Finding, here: int, there: int, evidence: Evidence) -> bool:
    """The cause holds most of the shift of the mean, or what is left would not have been found: evidence grows with
    the square of a shift."""
    excess = evidence.excess(finding.signal)
    if excess[here] * excess[there] <= 0:
        return False
    part = min(float(excess[here] / excess[there]), 1.0)
    return part >= MOSTLY or finding.evidence * (1 - part) ** 2 < 1


def _is_everywhere(finding: Finding, evidence: Evidence) -> bool:
    """Has the slice hardly more of its signal's shift than of the traffic?"""
    there, everything = evidence.place(finding.slice), evidence.place(FLEET)
    if there is None or everything is None:
        return True
    excess, traffic = evidence.excess(finding.signal), evidence.share(finding.signal)
    whole = excess[everything]
    return bool(whole and excess[there] / whole - traffic[there] < MOSTLY and excess[there] * whole > 0)
