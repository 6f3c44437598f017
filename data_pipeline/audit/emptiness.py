"""Speech under an empty label, and words under a recording without speech. Pure functions over entries."""

from collections.abc import Sequence
from typing import Final

from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import Finding, Severity, about
from data_pipeline.audit.thresholds import Thresholds

EMPTY_LABEL: Final = "speech_without_text"
NO_SPEECH: Final = "text_without_speech"


def check_emptiness(entries: Sequence[Entry], thresholds: Thresholds) -> list[Finding]:
    """Rows in which either text or speech is missing."""
    found = []
    for entry in entries:
        if entry.sound is None or entry.row.text is None:
            continue
        speech_s = entry.sound.statistics.speech_s
        if not entry.text.strip() and speech_s >= thresholds.min_speech_s:
            message = f"{speech_s:.2f} s of speech under an empty label"
            found.append(
                about(EMPTY_LABEL, Severity.ERROR, entry, speech_s / (speech_s + 1), message, speech_s=speech_s)
            )
        elif entry.text.strip() and not entry.sound.speech:
            words = len(entry.text.split())
            message = f"{words} words, but no speech was found"
            found.append(about(NO_SPEECH, Severity.ERROR, entry, words / (words + 1), message, words=words))
    return found
