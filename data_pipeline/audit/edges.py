"""Recordings that begin or end within speech: words were likely cut. Pure functions over entries.

A voice detector that starts in the middle of noise may take that for speech; so the edge has to be loud, too.
"""

from collections.abc import Sequence
from typing import Final

from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import Finding, Severity, about
from data_pipeline.audit.thresholds import Thresholds

ONSET: Final = "clipped_onset"
OFFSET: Final = "clipped_offset"


def check_edges(entries: Sequence[Entry], thresholds: Thresholds) -> list[Finding]:
    """Rows with speech in their first or last frame; one that is cut at both ends stands higher."""
    found = []
    for entry in entries:
        if entry.sound is None:
            continue
        statistics = entry.sound.statistics
        onset = statistics.onset_clipped and (entry.sound.onset_db or 0.0) >= thresholds.onset_db
        offset = statistics.offset_clipped and (entry.sound.offset_db or 0.0) >= thresholds.offset_db
        score = 1.0 if onset and offset else 0.5
        if onset:
            found.append(about(ONSET, Severity.WARNING, entry, score, "speech in the very first frame"))
        if offset:
            found.append(about(OFFSET, Severity.WARNING, entry, score, "speech in the very last frame"))
    return found
