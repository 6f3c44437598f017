"""What is written can be read again, whatever the fields are called, and says the same."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from data_pipeline.errors import InvalidEvaluation
from data_pipeline.evaluation.devices import Device, OnDevice
from data_pipeline.evaluation.evaluate import evaluate
from data_pipeline.evaluation.reading import read_results
from data_pipeline.evaluation.record import Evaluation
from data_pipeline.evaluation.report import render
from data_pipeline.evaluation.results import OWN_NAMES, write_results
from data_pipeline.evaluation.summary import summary
from data_pipeline.evaluation.systems import System
from data_pipeline.evaluation.traffic import Traffic
from data_pipeline.manifest import InvalidLine, Row
from tests.data_pipeline.conftest import Echo
from tests.data_pipeline.evaluation.made import concluded, row, run
from tests.data_pipeline.evaluation.test_devices import Cutting

FIELDS = ("labeler", "device", "queries")


def as_json(evaluation: Evaluation) -> object:
    return json.loads(json.dumps(summary(evaluation)))


@pytest.fixture
def rich(clip_row: Row, unreadable: list[Row]) -> Evaluation:
    """Of everything a little: two systems, a device, labelers, searches, weights, failures."""
    labels = [
        replace(clip_row, line=n, text=text, fields=dict(zip(FIELDS, (name, "x" * n, n + 0.5), strict=True)))
        for n, (name, text) in enumerate((("ann", "what time is it"), ("bob", "what time was it")), 1)
    ]
    a, b = (Echo({clip_row.path.name: text}) for text in ("what time is it", "what is it"))
    b.name = "b"
    systems: list[System] = [a, b, OnDevice(a, Device("cutting", Cutting(0.1)))]
    slices = ["device", "duration:2+labeler"]
    return evaluate([*labels, *unreadable], systems, slices=slices, traffic=Traffic("queries"), top=str.upper)


@pytest.fixture
def unreadable(unreadable: list[Row]) -> list[Row]:
    return [one.with_fields(queries=3) for one in unreadable]


def test_what_was_written_reads_as_the_same(rich: Evaluation, tmp_path: Path) -> None:
    write_results(rich, tmp_path / "results")
    read = read_results(tmp_path / "results")
    assert as_json(read) == json.loads((tmp_path / "results" / "summary.json").read_text()) == as_json(rich)
    assert [one.reason for one in read.failures] == [one.reason for one in rich.failures]
    for one, before in zip(read.systems, rich.systems, strict=True):
        assert one.device == before.device
        assert [u.answer for u in one.utterances] == [u.answer for u in before.utterances]
        assert [u.row.path.resolve() for u in one.utterances] == [u.row.path.resolve() for u in before.utterances]
        assert [u.row.fields for u in one.utterances] == [u.row.fields for u in before.utterances]
    assert read.weights == rich.weights == (1.5, 2.5)
    assert len(render(read)) > 10_000


def test_lines_that_are_no_row_read_as_the_same(clip_row: Row, tmp_path: Path) -> None:
    line = InvalidLine(clip_row.manifest, 7, "not a JSON object", "[<b>]")
    before = evaluate([clip_row], [Echo({clip_row.path.name: "what"})], invalid=[line])
    write_results(before, tmp_path)
    (failure,) = read_results(tmp_path).failures
    assert failure.row == replace(line, manifest=failure.row.manifest)
    assert failure.row.manifest.resolve() == line.manifest
    assert "[&lt;b&gt;]" in render(before)


def test_a_real_evaluation_reads_as_the_same(evaluation: Evaluation, tmp_path: Path) -> None:
    write_results(evaluation, tmp_path)
    assert as_json(read_results(tmp_path)) == as_json(evaluation)


def test_fields_that_are_called_as_ours_survive(tmp_path: Path) -> None:
    hostile = replace(row("play"), fields={name: {"hostile": name} for name in OWN_NAMES})
    write_results(concluded(run("a", [hostile], ["lay"])), tmp_path)
    (read,) = read_results(tmp_path).systems[0].utterances
    assert read.row.fields == hostile.fields
    assert read.hypothesis == "lay"


def test_lines_hold_no_names_but_the_rows_and_ours(rich: Evaluation, tmp_path: Path) -> None:
    write_results(rich, tmp_path)
    for name in ("utterances.jsonl", "failures.jsonl"):
        for line in map(json.loads, (tmp_path / name).read_text().splitlines()):
            assert set(line) - OWN_NAMES <= {"audio_filepath", "offset", "duration", "text", *FIELDS}


def test_texts_that_no_encoding_holds_are_written(tmp_path: Path) -> None:
    write_results(concluded(run("a", [row("play \ud800", speaker="\udfff")], ["lay \ud800"])), tmp_path)
    assert read_results(tmp_path).systems[0].scores.words == 2


def test_a_folder_without_a_whole_evaluation_is_refused(rich: Evaluation, tmp_path: Path) -> None:
    with pytest.raises(InvalidEvaluation, match=r"summary\.json is missing"):
        read_results(tmp_path)
    write_results(rich, tmp_path)
    whole = (tmp_path / "utterances.jsonl").read_bytes()
    for broken in (whole[:-20], b"", b"[]\n", whole.replace(b'"model"', b'"mode"'), b"\xff\n"):
        (tmp_path / "utterances.jsonl").write_bytes(broken)
        with pytest.raises(InvalidEvaluation):
            read_results(tmp_path)
    (tmp_path / "summary.json").write_text("{")
    with pytest.raises(InvalidEvaluation):
        read_results(tmp_path)


def test_a_disk_that_is_full_leaves_no_summary(rich: Evaluation, tmp_path: Path) -> None:
    write_results(rich, tmp_path)
    (tmp_path / "report.html").unlink()
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OSError, match=r"report\.html"):
        write_results(rich, tmp_path)
    assert not (tmp_path / "summary.json").exists()
