"""What a check says: one record for every finding of every check, so that all of them can be ranked and shown alike.

Knows no check.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from data_pipeline.audit.entries import Entry


class Severity(StrEnum):
    """What a finding means for training and scoring."""

    ERROR = "error"
    """A label or a recording is most likely wrong."""
    WARNING = "warning"
    """Something departs from the rule or from the rest; training suffers from it."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found."""

    check: str
    severity: Severity
    score: float
    """How far out of line it is, in [0, 1]; findings of one check are ranked by it."""
    message: str
    """In words, without the names of the rows."""
    entries: tuple[Entry, ...]
    """Those concerned; a finding about a labeler has some that show it."""
    evidence: Mapping[str, object] = field(default_factory=dict)
    """The figures behind it, as JSON can hold them."""

    @property
    def rows(self) -> tuple[str, ...]:
        """Keys of the rows concerned."""
        return tuple(entry.key for entry in self.entries)

    @property
    def lines(self) -> tuple[int, ...]:
        """Where these rows stand: that tells apart also those that have one key."""
        return tuple(entry.row.line for entry in self.entries)

    def as_json(self) -> dict[str, object]:
        """All of it, the entries by key and line."""
        return {
            "check": self.check,
            "severity": self.severity,
            "score": self.score,
            "message": self.message,
            "rows": self.rows,
            "lines": self.lines,
            "evidence": self.evidence,
        }


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Worst first: by severity, then by score; equal ones stay in their order."""
    order = list(Severity)
    return sorted(findings, key=lambda one: (order.index(one.severity), -one.score))


def about(check: str, severity: Severity, entry: Entry, score: float, message: str, **evidence: object) -> Finding:
    """A finding about a single row."""
    return Finding(check, severity, min(1.0, max(0.0, score)), message, (entry,), evidence)
