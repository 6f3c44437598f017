"""Labels that a model contradicts, the least likely first.

If the label is right, then the model is wrong; and a model that is wrong stays near to what was said, the nearer the
longer that is. So a label is doubted by the share of its letters that the model did not hear, where some letters of
agreement are assumed beforehand: a single short word that was misheard proves little. The model's confidence counts by
its fourth root, since also an unsure model seldom hears something wholly different. Pure functions over entries.
"""

import re
from collections.abc import Sequence
from typing import Final

from rapidfuzz.distance import Levenshtein

from asr.convention import SCORING
from data_pipeline.audit.entries import Entry, in_search_convention
from data_pipeline.audit.findings import Finding, Severity, about
from data_pipeline.audit.thresholds import Thresholds

CHECK: Final = "likely_wrong"
PRIOR_LETTERS: Final = 8
CONFIDENCE_EXPONENT: Final = 0.25
UNSURE: Final = 0.5
"""Confidence of a model that gives none."""
_NO_LETTER: Final = re.compile(r"[\W_]+")


def check_likely_wrong(entries: Sequence[Entry], thresholds: Thresholds) -> list[Finding]:
    """Rows whose label a model contradicts."""
    found = []
    for entry in entries:
        if entry.heard is None or not entry.text.strip():
            continue
        score = doubt(entry.text, entry.heard.text, entry.heard.confidence)
        if score >= thresholds.likely_wrong:
            message = f"the label says “{entry.text}”, a model hears “{entry.heard.text or 'nothing'}”"
            evidence = {"label": entry.text, "heard": entry.heard.text, "confidence": entry.heard.confidence}
            found.append(about(CHECK, Severity.ERROR, entry, score, message, **evidence))
    return found


def doubt(label: str, heard: str, confidence: float | None) -> float:
    """How unlikely a label is, in [0, 1], given what a model heard and how sure it is."""
    edits, length = differing_letters(label, heard)
    sure: float = (UNSURE if confidence is None else confidence) ** CONFIDENCE_EXPONENT
    return sure * edits / (length + PRIOR_LETTERS)


def differing_letters(label: str, heard: str) -> tuple[int, int]:
    """Letter edits between two texts, and letters of the longer one, in the writing in which they are nearest."""
    found: list[tuple[int, int]] = []
    for write in (_plain, in_search_convention, SCORING.apply):
        a, b = _NO_LETTER.sub("", write(label)), _NO_LETTER.sub("", write(heard))
        found.append((Levenshtein.distance(a, b), max(1, len(a), len(b))))
        if a == b:
            break
    return min(found, key=lambda one: one[0] / one[1])


def _plain(text: str) -> str:
    return text.lower()
