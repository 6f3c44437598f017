"""What moved: the inputs, the relation between inputs and outcomes, or only the traffic. Pure functions."""

from collections.abc import Mapping, Sequence
from typing import Final

from monitoring.diagnosis.evidence import Evidence
from monitoring.findings import Drift, Finding, Slice
from monitoring.relation import SUFFIX
from monitoring.signals.signal import Group

MOSTLY: Final = 0.5


def drift_of(which: Slice, findings: Sequence[Finding], groups: Mapping[str, Group], evidence: Evidence) -> Drift:
    """Data drift where inputs moved; concept drift where they did not and outcomes moved at equal inputs."""
    names = list(dict.fromkeys(one.signal.removesuffix(SUFFIX) for one in findings))
    if any(groups.get(name) is Group.INPUT for name in names):
        return Drift.DATA
    shares = [share for name in names if (share := left_at_equal_input(name, which, evidence)) is not None]
    if not shares:
        return Drift.UNKNOWN
    return Drift.CONCEPT if sum(shares) / len(shares) > MOSTLY else Drift.DATA


def left_at_equal_input(outcome: str, which: Slice, evidence: Evidence) -> float | None:
    """Share of an outcome's shift that its inputs do not explain, in [0, 1]; None where that is not known."""
    row = evidence.place(which)
    if row is None or outcome + SUFFIX not in evidence.signals:
        return None
    shifts = []
    for name in (outcome, outcome + SUFFIX):
        column = evidence.signals.index(name)
        shifts.append(evidence.since.means[row, column] - evidence.expected[row, column])
    raw, left = shifts
    return min(max(float(left / raw), 0.0), 1.0) if raw and raw == raw and left == left else None
