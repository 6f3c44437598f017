"""Labels that nobody could say in the time, or that are too short for it. Pure functions over entries."""

from collections.abc import Sequence
from typing import Final

from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import Finding, Severity, about
from data_pipeline.audit.thresholds import Thresholds

CHECK: Final = "speaking_rate"
SPELLED: Final = 3
"""A letter or digit by itself is said as a word of about three letters: "f", "two"."""
SLACK_S: Final = 0.25
"""Voice detectors miss up to this much at the soft ends of words, which counts in short recordings."""


def check_speaking_rate(entries: Sequence[Entry], thresholds: Thresholds) -> list[Finding]:
    """Rows whose letters per second of speech are out of what people do."""
    found = []
    for entry in entries:
        if entry.sound is None or not entry.text.strip() or not entry.sound.speech:
            continue
        letters, speech_s = spoken_letters(entry.text), entry.sound.statistics.speech_s
        fastest, slowest = letters / (speech_s + SLACK_S), letters / max(speech_s - SLACK_S, SLACK_S)
        words_per_s = len(entry.text.split()) / speech_s
        evidence = {"letters": letters, "speech_s": speech_s, "words_per_s": words_per_s}
        if fastest > thresholds.letters_per_s:
            message = f"too fast: {letters} letters in {speech_s:.2f} s of speech"
            score = 1 - thresholds.letters_per_s / fastest
            found.append(about(CHECK, Severity.ERROR, entry, score, message, **evidence))
        elif slowest < thresholds.slow_letters_per_s:
            message = f"too slow: {letters} letters in {speech_s:.2f} s of speech"
            score = 1 - slowest / thresholds.slow_letters_per_s
            found.append(about(CHECK, Severity.ERROR, entry, score, message, **evidence))
    return found


def spoken_letters(text: str) -> int:
    """About how many letters are said: digits and letters by themselves count as the words that they are said as.

    >>> spoken_letters("play U 2")
    10
    """
    words = text.split()
    digits = sum(character.isdigit() for character in text)
    letters = sum(character.isalpha() for word in words for character in word if len(word) > 1)
    single = sum(len(word) == 1 and word.isalpha() for word in words)
    return letters + SPELLED * (digits + single)
