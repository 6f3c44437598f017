"""All checks together on real recordings."""

from dataclasses import replace
from pathlib import Path

import pytest

from data_pipeline.audit.audit import ABOUT, CHECKS, audit
from data_pipeline.audit.entries import Entry
from data_pipeline.audit.thresholds import DEFAULT, Thresholds
from data_pipeline.errors import NothingToEvaluate
from data_pipeline.manifest import Row


def test_carried_recordings_are_audited(carried: list[Entry]) -> None:
    found = audit(carried)
    by_check = {one.check: one for one in found.summaries}
    assert list(by_check) == list(ABOUT)
    assert by_check["writing_practice"].findings
    assert "speechbrain" in by_check["likely_wrong"].by_corpus
    assert sum(one.findings for one in found.summaries) == len(found.findings)
    assert found.proposal is not None
    assert found.proposal.conflicts > found.proposal.chosen.conflicts == 0
    assert found.agreement == ()
    assert {one.kind for one in found.spreads} == {"corpus", "labeler", "device_model"}


def test_stricter_thresholds_find_more(carried: list[Entry]) -> None:
    strict = Thresholds(likely_wrong=0.05, silence_tolerance_s=0.02, loudness_z=1.0, loudness_floor_db=0.5)
    assert len(audit(carried, strict).findings) > len(audit(carried).findings)


def test_nothing_to_audit() -> None:
    with pytest.raises(NothingToEvaluate, match="no row"):
        audit([])


@pytest.mark.parametrize(
    "text", [None, "", " ", "\u202e\u0000", "a" * 20_000, "um " * 500, "three hundred ate " * 300, "\ud800", "ﷺ 3³ ½"]
)
def test_odd_labels_pass_every_check(carried: list[Entry], text: str | None) -> None:
    rows = [replace(one, row=replace(one.row, text=text)) for one in carried[:6]]
    assert len(audit(rows).entries) == 6


def test_recordings_that_cannot_be_used_pass_every_check() -> None:
    rows = [Entry(Row(Path("m"), n, "absent.flac", 1.0, "text", fields={"id": 7}), problem="absent") for n in (1, 2)]
    assert {one.check for one in audit(rows).findings} >= {"unusable_recording"}


def test_every_check_gives_only_findings_that_are_explained(carried: list[Entry]) -> None:
    for check in CHECKS:
        for finding in check(carried, DEFAULT):
            assert finding.check in ABOUT
            assert 0 <= finding.score <= 1
            assert finding.rows
