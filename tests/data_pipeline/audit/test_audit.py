"""All checks together on real recordings."""

from dataclasses import replace
from pathlib import Path

import pytest

from data_pipeline.audit.audit import ABOUT, CHECKS, audit
from data_pipeline.audit.entries import Entry
from data_pipeline.audit.report import examples
from data_pipeline.audit.thresholds import DEFAULT, Thresholds
from data_pipeline.errors import NothingToEvaluate
from data_pipeline.manifest import Row
from tests.data_pipeline.audit.conftest import sound


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


@pytest.mark.parametrize("name", [None, "one"])
def test_each_of_several_labelers_of_a_recording_gets_his_own_findings(name: str | None) -> None:
    row = Row(Path("m"), 1, "one.flac", 1.6, "play", fields={} if name is None else {"id": name})
    labelers = ("ana", "ben", "ben")
    rows = [replace(row, line=n).with_fields(labeler=one) for n, one in enumerate(labelers, 1)]
    texts = ("play it", "stop that", None)
    entries = [Entry(replace(row, text=text), sound()) for row, text in zip(rows, texts, strict=True)]
    found = audit(entries)
    by_check = {one.check: one for one in found.summaries}
    assert by_check["same_audio_other_words"].by_labeler == {"ben": 2, "ana": 1}
    assert by_check["no_label"].by_labeler == {"ben": 1}
    (words,) = [one for one in found.findings if one.check == "same_audio_other_words"]
    assert (words.lines, words.rows[0]) == ((1, 2, 3), f"{name or 'one.flac@0'}#ana")
    (shown,) = examples(found, 1)["no_label"]
    assert shown.entries == (entries[2],)


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
