"""What an audit leaves in its folder: audit.json with every finding and figure, audit.html for reading.

No time and no absolute path stands in them: two audits of the same rows give the same JSON.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from data_pipeline.audit.agreement import Agreement
from data_pipeline.audit.audit import Audit
from data_pipeline.audit.judge import Verdict
from data_pipeline.audit.proposal import Candidate, Proposal
from data_pipeline.audit.report import render
from data_pipeline.audit.writing import Practice
from data_pipeline.files import write_json, write_whole

DECIMALS: Final = 6


def write_results(audit: Audit, out: Path, *, manifest: str, model: str | None, limit: int) -> None:
    """Write both files, each whole or not at all; `limit` is how many findings of each check the page shows.

    Raises OSError.
    """
    values = as_json(audit, manifest=manifest, model=model)
    write_json(values, out / "audit.json")
    write_whole(render(audit, manifest=manifest, model=model, limit=limit).encode(), out / "audit.html")


def write_verdicts(verdicts: Sequence[Verdict], out: Path) -> None:
    """Write planted.json: precision and recall of each check. Raises OSError."""
    values = [{**asdict(one), "precision": one.precision, "recall": one.recall} for one in verdicts]
    write_json(_rounded(values), out / "planted.json")


def as_json(audit: Audit, *, manifest: str, model: str | None) -> dict[str, object]:
    """Everything, as JSON has it."""
    values = {
        "manifest": manifest,
        "model": model,
        "rows": len(audit.entries),
        "seconds": sum(entry.row.duration_s for entry in audit.entries),
        "checks": [asdict(summary) for summary in audit.summaries],
        "findings": [finding.as_json() for finding in audit.findings],
        "proposal": _proposal(audit.proposal) if audit.proposal else None,
        "writing": [_practice(practice) for practice in audit.practices],
        "agreement": [_agreement(one) for one in audit.agreement],
        "loudness": [asdict(spread) for spread in audit.spreads],
        "thresholds": asdict(audit.thresholds),
    }
    return {name: _rounded(value) for name, value in values.items()}


def _proposal(proposal: Proposal) -> dict[str, object]:
    return {
        "convention": proposal.chosen.convention.id,
        "rules": proposal.chosen.rules,
        "criterion": "fewest conflicts left, then fewest words edited, then fewest labels edited",
        "labels": proposal.labels,
        "words": proposal.words,
        "conflicts": proposal.conflicts,
        "candidates": [_candidate(one, proposal) for one in proposal.candidates],
    }


def _candidate(one: Candidate, proposal: Proposal) -> dict[str, object]:
    return {
        "convention": one.convention.id,
        "rules": one.rules,
        "conflicts_resolved": proposal.conflicts - one.conflicts,
        "conflicts_left": one.conflicts,
        "labels_edited": one.labels_edited,
        "words_edited": one.words_edited,
    }


def _agreement(one: Agreement) -> dict[str, object]:
    return {
        "labelers": one.labelers,
        "recordings": one.recordings,
        "exact_ratio": one.exact_ratio,
        "wer": one.wer,
        "alpha": one.alpha,
        "rows": [entry.key for entry in one.differing],
    }


def _practice(practice: Practice) -> dict[str, object]:
    return {
        "by": practice.kind,
        "group": practice.group,
        "rule": practice.rule,
        "forms": dict(practice.forms.most_common()),
        "usual": practice.usual,
    }


def _rounded(value: object) -> object:
    """The same with short numbers."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, dict):
        return {str(name): _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value
