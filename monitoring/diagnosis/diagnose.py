"""Findings in, diagnoses out: grouped by cause, with the kind of drift, its pace and its costs."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from monitoring.diagnosis.costs import costs_of
from monitoring.diagnosis.drift import drift_of
from monitoring.diagnosis.evidence import Evidence
from monitoring.diagnosis.grouping import grouped
from monitoring.diagnosis.mix import shift_of_traffic
from monitoring.findings import FLEET, Diagnosis, Drift, Finding
from monitoring.signals.signal import Group


def diagnose(
    findings: Sequence[Finding],
    evidence_since: Callable[[float], Evidence],
    *,
    groups: Mapping[str, Group],
    outcomes: Sequence[str],
) -> list[Diagnosis]:
    """One diagnosis for each cause; the one with most evidence first."""
    found = []
    evidence_since = cache(evidence_since)
    for own, causes in grouped(findings, evidence_since):
        evidence = evidence_since(own[0].since)
        which = causes[0].slice
        drift = drift_of(which, own, groups, evidence)
        if which == FLEET and (traffic := shift_of_traffic(own[0].signal, evidence)):
            causes, drift = (traffic, *causes), Drift.MIX
        found.append(
            Diagnosis(findings=own, causes=causes, drift=drift, costs=costs_of(causes[0].slice, outcomes, evidence))
        )
    return found
