"""Silence before and after speech, against the rule by which clips are cut. Pure functions over entries."""

from collections.abc import Iterator, Sequence
from typing import Final

from asr.vad import ClippingRule
from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import Finding, Severity, about
from data_pipeline.audit.thresholds import Thresholds

CHECK: Final = "silence"
RULE: Final = ClippingRule()


def check_silence(entries: Sequence[Entry], thresholds: Thresholds, rule: ClippingRule = RULE) -> list[Finding]:
    """Rows with more or less silence than the rule leaves; speech at the very edge is another check's."""
    return [
        about(CHECK, Severity.WARNING, entry, _score(silence_s - wanted_s), message, side=side, silence_s=silence_s)
        for entry in entries
        for side, silence_s, wanted_s in silences(entry, rule)
        if abs(silence_s - wanted_s) > thresholds.silence_tolerance_s
        and (message := f"{silence_s:.2f} s of silence {side} speech, the rule leaves {wanted_s:.2f} s")
    ]


def silences(entry: Entry, rule: ClippingRule = RULE) -> Iterator[tuple[str, float, float]]:
    """Each side of a recording with speech: its name, its silence, and the rule's."""
    if entry.sound is None or not entry.sound.speech:
        return
    statistics = entry.sound.statistics
    if not statistics.onset_clipped:
        yield "before", statistics.lead_silence_s, rule.lead_padding_s
    if not statistics.offset_clipped:
        yield "after", statistics.trail_silence_s, rule.trail_padding_s


def _score(excess_s: float) -> float:
    return abs(excess_s) / (abs(excess_s) + 1)
