"""All checks on one corpus: what they found, what was measured on the way, and the convention that is proposed.

Pure: the entries are measured before. Writes nothing; `data_pipeline.audit.results` does.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

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
from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import Finding, Severity, ranked
from data_pipeline.audit.proposal import Proposal, propose
from data_pipeline.audit.thresholds import DEFAULT, Thresholds
from data_pipeline.audit.ways import usages
from data_pipeline.errors import NothingToEvaluate

ABOUT: Final[Mapping[str, str]] = {
    fields.UNUSABLE: "the recording is absent, broken, or not as long as the manifest says",
    likely_wrong.CHECK: "a model is sure to hear something else than the label says",
    same_audio.OTHER_WORDS: "the same samples have labels with other words",
    emptiness.EMPTY_LABEL: "somebody speaks, but the label is empty",
    emptiness.NO_SPEECH: "the label has words, but no speech was found",
    speaking_rate.CHECK: "nobody speaks so fast, or so slowly",
    agreement.CHECK: "two labelers differ on the same recordings",
    writing.DEPARTURE: "a labeler or corpus writes unlike the others",
    edges.ONSET: "speech begins in the first frame: its beginning was likely cut",
    edges.OFFSET: "speech ends in the last frame: its end was likely cut",
    silence.CHECK: "more silence around speech than the rule leaves, or less than it left of what there was",
    loudness.CHECK: "much louder or quieter than the rest of the corpus",
    loudness.GROUP: "a corpus, labeler or device is much louder or quieter than the others",
    same_audio.DUPLICATE: "one recording with one text in several rows",
    fields.NO_TEXT: "the row has no label",
    writing.CONFLICT: "the same thing is written in several ways",
    same_audio.OTHER_WRITING: "the same samples have labels that differ in writing only",
    fields.MISSING: "a field is missing that the rest of the corpus has",
}
"""What a finding of each check means."""

CHECKS: Final[tuple[Callable[[Sequence[Entry], Thresholds], list[Finding]], ...]] = (
    fields.check_fields,
    likely_wrong.check_likely_wrong,
    same_audio.check_same_audio,
    emptiness.check_emptiness,
    speaking_rate.check_speaking_rate,
    agreement.check_agreement,
    writing.check_writing,
    edges.check_edges,
    silence.check_silence,
    loudness.check_loudness,
)


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """One check on the whole corpus."""

    check: str
    about: str
    severity: Severity | None
    """Of its findings; None where there are none."""
    findings: int
    rows: int
    """Rows that its findings name."""
    by_corpus: Mapping[str, int]
    """Those rows by corpus, most first."""
    by_labeler: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Audit:
    """The whole result."""

    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    """Worst first."""
    summaries: tuple[CheckSummary, ...]
    """One for each check, also those that found nothing."""
    proposal: Proposal | None
    """None where no label has a word."""
    practices: tuple[writing.Practice, ...]
    agreement: tuple[agreement.Agreement, ...]
    """All labelers together first, then each two; empty where no two share a recording."""
    spreads: tuple[loudness.Spread, ...]
    thresholds: Thresholds


def audit(entries: Iterable[Entry], thresholds: Thresholds = DEFAULT) -> Audit:
    """Run every check on the entries of one manifest. Raises NothingToEvaluate where there is none."""
    known = tuple(entries)
    if not known:
        raise NothingToEvaluate("no row to audit")
    findings = ranked([finding for check in CHECKS for finding in check(known, thresholds)])
    labelled = [entry for entry in known if entry.text.strip()]
    together = agreement.overall_agreement(known)
    return Audit(
        known,
        tuple(findings),
        summaries(findings),
        propose([entry.text for entry in labelled]),
        tuple(writing.practices(labelled, usages([entry.text for entry in labelled]))),
        (*([together] if together else []), *agreement.pairwise_agreement(known)),
        tuple(loudness.spreads(known)),
        thresholds,
    )


def summaries(findings: Sequence[Finding]) -> tuple[CheckSummary, ...]:
    """How much each check found, and where."""
    by_check: dict[str, list[Finding]] = {name: [] for name in ABOUT}
    for finding in findings:
        by_check[finding.check].append(finding)
    found = []
    for name, of_one in by_check.items():
        rows = {entry.row.line: entry for finding in of_one for entry in finding.entries}.values()
        found.append(
            CheckSummary(
                name,
                ABOUT[name],
                of_one[0].severity if of_one else None,
                len(of_one),
                len(rows),
                dict(Counter(entry.corpus for entry in rows).most_common()),
                dict(Counter(entry.labeler for entry in rows).most_common()),
            )
        )
    return tuple(found)
