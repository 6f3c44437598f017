"""What was answered stays, through Ctrl-C and full disks, and is used again only for the same question."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from data_pipeline.evaluation.answer_journal import NAME, open_journal, remove_journal
from data_pipeline.evaluation.evaluate import evaluate
from data_pipeline.evaluation.record import Evaluation
from data_pipeline.evaluation.systems import Answer
from data_pipeline.manifest import Row, matching, read_manifest
from data_pipeline.recordings import Recording
from tests.conftest import CLIPS
from tests.data_pipeline.conftest import Echo


class Counting(Echo):
    """Hears the file's name, and counts; is interrupted after so many recordings."""

    def __init__(self, stop_after: int = 1000) -> None:
        super().__init__({})
        self.asked: list[str] = []
        self.stop_after = stop_after

    def answer(self, batch: Sequence[Recording]) -> list[Answer]:
        if len(self.asked) >= self.stop_after:
            raise KeyboardInterrupt
        self.asked += [one.row.path.name for one in batch]
        return [Answer(one.row.path.stem, 7.5, 7.5, 0.25, measured={"snr_db": 3.0}) for one in batch]


@pytest.fixture
def queries() -> list[Row]:
    return list(matching(read_manifest(CLIPS / "manifest.jsonl"), {"source": {"voice_queries"}}))[:8]


def run(rows: Sequence[Row], system: Counting, folder: Path) -> Evaluation:
    with open_journal(folder) as journal:
        return evaluate(rows, [system], journal=journal)


def cut_off(rows: Sequence[Row], folder: Path, after: int = 5) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(rows, Counting(stop_after=after), folder)


def test_a_run_that_was_interrupted_goes_on_where_it_stopped(queries: list[Row], tmp_path: Path) -> None:
    cut_off(queries, tmp_path)
    system = Counting()
    result = run(queries, system, tmp_path).systems[0]
    whole = evaluate(queries, [Counting()]).systems[0]
    assert set(system.asked) == {one.path.name for one in queries[4:]}
    assert result == whole


def test_other_inputs_begin_anew(queries: list[Row], tmp_path: Path) -> None:
    cut_off(queries, tmp_path)
    other = Counting()
    other.fingerprint = "another front end"
    run(queries, other, tmp_path)
    assert len(set(other.asked)) == len(queries)


def test_another_recording_under_the_same_name_is_heard_anew(queries: list[Row], tmp_path: Path) -> None:
    copies = [Row(tmp_path / "copied.jsonl", row.line, row.path.name, row.duration_s, row.text) for row in queries[:3]]
    for copy, row in zip(copies, queries, strict=False):
        copy.path.write_bytes(row.path.read_bytes())
    cut_off(copies, tmp_path, after=3)
    os.utime(copies[0].path, ns=(1, 1))
    system = Counting()
    run(copies, system, tmp_path)
    assert set(system.asked) == {copies[0].path.name, copies[2].path.name}


def test_a_line_that_was_cut_off_or_is_nonsense_is_one_answer_less(queries: list[Row], tmp_path: Path) -> None:
    cut_off(queries, tmp_path)
    journal = tmp_path / NAME
    lines = journal.read_bytes().splitlines()
    journal.write_bytes(b"\n".join([*lines[:2], b"[]", b"\xff", b'{"key": "a"}', b"[" * 9999, lines[2], lines[3][:40]]))
    system = Counting()
    run(queries, system, tmp_path)
    assert len(set(system.asked)) == len(queries) - 3
    last = Counting()
    run(queries, last, tmp_path)
    assert last.asked == []


def test_after_the_results_the_journal_goes(queries: list[Row], tmp_path: Path) -> None:
    run(queries, Counting(), tmp_path)
    remove_journal(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_the_file(queries: list[Row], tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"No space left on device: .*answers\.jsonl"):
        run(queries, Counting(), tmp_path)
