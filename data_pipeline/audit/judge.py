"""How good the audit is: precision and recall of its checks on planted faults.

Precision counts as a false alarm whatever is found and was not planted, even where the real label is wrong: it is a
lower bound. What a fault brings about besides (a swapped label is often too long, too) counts neither way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Final

from asr.errors import AudioError
from asr.vad import ClippingRule
from data_pipeline.audit import (
    agreement,
    edges,
    emptiness,
    fields,
    likely_wrong,
    loudness,
    same_audio,
    silence,
    speaking_rate,
    writing,
)
from data_pipeline.audit.audit import ABOUT, CHECKS
from data_pipeline.audit.entries import Entry, Examination, examine, sound_of
from data_pipeline.audit.findings import Finding
from data_pipeline.audit.planted import CARELESS, Fault, PlantedCorpus, PlantedRow, plant
from data_pipeline.audit.sound_edit import SoundEdit, edited
from data_pipeline.audit.thresholds import DEFAULT, Thresholds
from data_pipeline.errors import NothingToEvaluate
from data_pipeline.manifest import Row
from data_pipeline.parallel import ordered
from data_pipeline.recordings import read_audio

FOUND_BY: Final[Mapping[Fault, str]] = {
    Fault.WRONG_WORDS: likely_wrong.CHECK,
    Fault.SWAPPED: likely_wrong.CHECK,
    Fault.OTHER_LENGTH: speaking_rate.CHECK,
    Fault.EMPTIED: emptiness.EMPTY_LABEL,
    Fault.SILENCED: emptiness.NO_SPEECH,
    Fault.CUT_ONSET: edges.ONSET,
    Fault.CUT_END: edges.OFFSET,
    Fault.LONG_SILENCE: silence.CHECK,
    Fault.SHORT_SILENCE: silence.CHECK,
    Fault.LEVEL: loudness.CHECK,
    Fault.OTHER_TEXT: same_audio.OTHER_WORDS,
    Fault.CARELESS: same_audio.OTHER_WORDS,
    Fault.OTHER_WRITING: same_audio.OTHER_WRITING,
    Fault.REPEATED: same_audio.DUPLICATE,
    Fault.NO_FIELD: fields.MISSING,
}
"""The check that has to find a fault."""

FOUND_TOO: Final[Mapping[str, frozenset[Fault]]] = {
    likely_wrong.CHECK: frozenset(
        {Fault.OTHER_LENGTH, Fault.CUT_ONSET, Fault.CUT_END, Fault.SILENCED, Fault.OTHER_TEXT, Fault.CARELESS}
    ),
    speaking_rate.CHECK: frozenset(
        {Fault.WRONG_WORDS, Fault.SWAPPED, Fault.SILENCED, Fault.OTHER_TEXT, Fault.CARELESS}
    ),
    silence.CHECK: frozenset({Fault.CUT_ONSET, Fault.CUT_END, Fault.SILENCED}),
    loudness.CHECK: frozenset({Fault.SILENCED}),
}
"""Faults that a check may find, too, and need not."""

Named = str | int
"""What a finding is about: a line of the corpus, or a group in words."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one check did."""

    check: str
    planted: int
    found: int
    """Of those planted."""
    right: int
    """Findings that name something planted."""
    wrong: int
    """Findings that name nothing planted."""

    @property
    def recall(self) -> float | None:
        """None where nothing was planted."""
        return self.found / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        """None where nothing was found."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


def judge(
    rows: Sequence[Row],
    examination: Examination,
    *,
    thresholds: Thresholds = DEFAULT,
    seeds: int = 10,
    share: float = 0.02,
    workers: int | None = None,
) -> list[Verdict]:
    """Plant faults once for each seed, audit, and add up. Raises NothingToEvaluate without a recording to plant in."""
    base = suitable(rows, workers=workers)
    corpora = [plant(base, share=share, seed=seed) for seed in range(seeds)]
    measured = examined(corpora, examination, workers=workers)
    return verdicts([(corpus, entries) for corpus, entries in zip(corpora, measured, strict=True)], thresholds)


def suitable(rows: Sequence[Row], *, workers: int | None = None) -> list[Row]:
    """The labelled rows with as much silence on both sides as the rule leaves: faults stand out from those only.

    Each says so in `clip`, as if it had gone through that step.
    """
    rule = ClippingRule()
    kept = []
    for entry in examine([row for row in rows if (row.text or "").strip()], Examination(), workers=workers):
        if entry.sound is None or not entry.sound.speech:
            continue
        statistics = entry.sound.statistics
        if statistics.lead_silence_s >= rule.lead_padding_s and statistics.trail_silence_s >= rule.trail_padding_s:
            had = {"lead_silence": statistics.lead_silence_s, "trail_silence": statistics.trail_silence_s}
            kept.append(entry.row.with_fields(clip=had))
    if not kept:
        raise NothingToEvaluate("no labelled recording with enough silence around its speech to plant faults in")
    return kept


def speaker_half(rows: Iterable[Row], half: int) -> Iterator[Row]:
    """The rows of one half of the speakers, 0 or 1: thresholds are chosen on one and judged on the other."""
    for row in rows:
        speaker = row.field("speaker") or row.key
        if sha256(speaker.encode("utf-8", "replace")).digest()[0] % 2 == half:
            yield row


def examined(
    corpora: Sequence[PlantedCorpus], examination: Examination, *, workers: int | None = None
) -> list[list[Entry]]:
    """The entries of each corpus; sound that several of them share is measured once."""
    wanted = {_place(one): one for corpus in corpora for one in corpus.rows}
    measured = dict(
        zip(wanted, ordered(partial(_examined, examination), wanted.values(), workers=workers), strict=True)
    )
    return [[replace(measured[_place(one)], row=one.row) for one in corpus.rows] for corpus in corpora]


def verdicts(corpora: Sequence[tuple[PlantedCorpus, Sequence[Entry]]], thresholds: Thresholds) -> list[Verdict]:
    """How each check did on all corpora together; one that needs a model is not judged where none was asked."""
    totals: dict[str, Verdict] = {}
    for corpus, entries in corpora:
        findings = [finding for check in CHECKS for finding in check(entries, thresholds)]
        for check, truth in _truth(corpus).items():
            if check == likely_wrong.CHECK and all(entry.heard is None for entry in entries):
                continue
            excused: set[Named] = {one.row.line for one in corpus.rows if one.fault in FOUND_TOO.get(check, ())}
            one = _verdict(check, [found for found in findings if found.check == check], truth, excused)
            totals[check] = _sum(totals[check], one) if check in totals else one
    return list(totals.values())


def not_judged(verdicts: Sequence[Verdict]) -> list[str]:
    """The checks that no verdict is about: for some no fault is planted, and without a model one cannot run."""
    judged = {one.check for one in verdicts}
    return [check for check in ABOUT if check not in judged]


def _verdict(check: str, findings: Sequence[Finding], truth: set[Named], excused: set[Named]) -> Verdict:
    named = [_names(finding) for finding in findings]
    right = [names for names in named if names & truth]
    wrong = [names for names in named if not names & (truth | excused)]
    return Verdict(check, len(truth), len(truth & set().union(*right)), len(right), len(wrong))


def _truth(corpus: PlantedCorpus) -> dict[str, set[Named]]:
    """What each check should name: lines, or who departs from what, or who disagrees."""
    truth: dict[str, set[Named]] = {check: set() for check in FOUND_BY.values()}
    for one in corpus.rows:
        if one.fault is not None:
            truth[FOUND_BY[one.fault]].add(one.row.line)
    truth[writing.DEPARTURE] = {f"{labeler}: {rule}" for labeler, rule in corpus.habits.items()}
    truth[agreement.CHECK] = {CARELESS}
    return truth


def _names(finding: Finding) -> set[Named]:
    """What a finding is about, in the terms of `_truth`."""
    if finding.check == writing.DEPARTURE:
        return {f"{finding.evidence['group']}: {finding.evidence['rule']}"}
    if finding.check == agreement.CHECK:
        return {str(finding.evidence["labeler"])}
    return set(finding.lines)


def _sum(a: Verdict, b: Verdict) -> Verdict:
    return Verdict(a.check, a.planted + b.planted, a.found + b.found, a.right + b.right, a.wrong + b.wrong)


def _place(one: PlantedRow) -> tuple[str, float | None, SoundEdit]:
    return one.row.audio_filepath, one.row.offset_s, one.edit


def _examined(examination: Examination, one: PlantedRow) -> Entry:
    try:
        audio = read_audio(one.row)
        return examination.of(one.row, edited(audio, sound_of(audio).speech, one.edit))
    except (OSError, AudioError) as error:
        return Entry(one.row, problem=str(error))
