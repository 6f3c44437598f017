"""Rows of one recording: the same text twice, the same words written in two ways, or other words.

Pure functions over entries.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rapidfuzz.distance import Levenshtein

from data_pipeline.audit.entries import Entry, groups, letters_of
from data_pipeline.audit.findings import Finding, Severity
from data_pipeline.audit.thresholds import Thresholds

DUPLICATE: Final = "duplicate"
OTHER_WORDS: Final = "same_audio_other_words"
OTHER_WRITING: Final = "same_audio_other_writing"


def check_same_audio(entries: Sequence[Entry], thresholds: Thresholds) -> list[Finding]:
    """One finding for each recording that has several rows, but for those that several labelers wrote alike."""
    return [found for group in groups(entries).values() if len(group) > 1 for found in _judged(group)]


def _judged(group: Sequence[Entry]) -> Iterator[Finding]:
    labelled = [entry for entry in group if entry.row.text is not None]
    rows = tuple(group)
    texts = list(dict.fromkeys(entry.text for entry in labelled))
    evidence = {"labels": [{"labeler": entry.labeler, "text": entry.text} for entry in labelled]}
    furthest = max((_distance(a, b) for a in texts for b in texts), default=0.0)
    if furthest > 0:
        message = "the same recording with other words"
        yield Finding(OTHER_WORDS, Severity.ERROR, furthest, message, rows, evidence)
    elif len(texts) > 1:
        yield Finding(OTHER_WRITING, Severity.NOTE, 0.5, "the same words written in two ways", rows, evidence)
    elif len({entry.labeler for entry in group}) < len(group):
        message = f"the same recording and text in {len(group)} rows"
        yield Finding(DUPLICATE, Severity.WARNING, 1 - 1 / len(group), message, rows, evidence)


def _distance(a: str, b: str) -> float:
    """Share of letters that differ, both in the search convention."""
    return Levenshtein.normalized_distance(letters_of(a), letters_of(b))
