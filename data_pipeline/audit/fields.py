"""Rows that cannot be used, and rows without a field that the rest of their corpus has. Pure functions over entries."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import Finding, Severity, about
from data_pipeline.audit.thresholds import Thresholds

UNUSABLE: Final = "unusable_recording"
NO_TEXT: Final = "no_label"
MISSING: Final = "missing_field"


def check_fields(entries: Sequence[Entry], thresholds: Thresholds) -> list[Finding]:
    """Recordings that could not be used, rows without any label, and fields that are missing."""
    found = [about(UNUSABLE, Severity.ERROR, entry, 1.0, entry.problem) for entry in entries if entry.problem]
    found += [
        about(NO_TEXT, Severity.WARNING, entry, 0.5, "the text is not known")
        for entry in entries
        if entry.row.text is None
    ]
    return found + _missing(entries, thresholds)


def _missing(entries: Sequence[Entry], thresholds: Thresholds) -> list[Finding]:
    rows = Counter(entry.corpus for entry in entries)
    having = Counter((entry.corpus, name) for entry in entries for name in _present(entry))
    usual: dict[str, dict[str, float]] = {}
    for (corpus, name), count in having.items():
        if rows[corpus] >= thresholds.min_rows and count >= thresholds.common_field * rows[corpus]:
            usual.setdefault(corpus, {})[name] = count / rows[corpus]
    found = []
    for entry in entries:
        expected = usual.get(entry.corpus, {})
        absent = sorted(expected.keys() - _present(entry))
        if absent:
            message = f"without {', '.join(absent)}, which the rest of {entry.corpus} has"
            score = max(expected[name] for name in absent)
            found.append(about(MISSING, Severity.NOTE, entry, score, message, fields=absent))
    return found


def _present(entry: Entry) -> set[str]:
    return {name for name, value in (entry.row.fields or {}).items() if value not in (None, "")}
