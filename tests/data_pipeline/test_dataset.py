"""Data sets: complete or not there, resumable, the same bytes twice, nobody else's files touched."""

import errno
import json
import os
import resource
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from asr.decode import decode
from data_pipeline.card import file_sha256, read_card
from data_pipeline.dataset import change_sound, change_table, claimed, clear, write_dataset
from data_pipeline.errors import InvalidCard, OtherDataset
from data_pipeline.journal import JOURNAL
from data_pipeline.manifest import InvalidLine, Row, read_manifest, write_manifest
from data_pipeline.recordings import read_audio
from tests.conftest import CLIPS
from tests.data_pipeline.steps import Halving, Shouting


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Twelve carried recordings."""
    path = tmp_path / "in" / "manifest.jsonl"
    write_manifest(islice(read_manifest(CLIPS / "manifest.jsonl"), 12), path)
    return path


@pytest.fixture
def halving(tmp_path: Path) -> Halving:
    return Halving(str(tmp_path / "counter"))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_sound_step_writes_recordings_rows_and_card(manifest: Path, halving: Halving, tmp_path: Path) -> None:
    made = change_sound(halving, manifest, tmp_path / "out", workers=1)
    rows, sources = list(read_manifest(made.manifest)), list(read_manifest(manifest))
    assert len(rows) == 2 * len(sources) == made.card.rows
    for source, first, second in zip(sources, rows[::2], rows[1::2], strict=True):
        halves = np.concatenate([read_audio(first).samples, read_audio(second).samples])
        np.testing.assert_allclose(halves, decode(source.path.read_bytes()).samples, atol=2**-15)
        assert (first.text, first.field("part"), second.field("part")) == (source.text, "0", "1")
    assert read_card(made.folder / "card.json") == made.card
    assert made.card.duration_s == pytest.approx(sum(row.duration_s for row in sources), abs=0.01)
    assert sum(origin.rows for origin in made.card.origins) == made.card.rows
    assert not (made.folder / JOURNAL).exists()


def test_two_runs_give_the_same_bytes_in_one_process_or_two(manifest: Path, halving: Halving, tmp_path: Path) -> None:
    one = change_sound(halving, manifest, tmp_path / "one", workers=1)
    two = change_sound(halving, manifest, tmp_path / "two", workers=2)
    assert content(one.folder) == content(two.folder)
    assert str(tmp_path) not in (one.folder / "card.json").read_text().replace(halving.counter, "")


@pytest.mark.parametrize("torn", [b"", b'{"line": 6, "man'])
def test_a_run_that_was_stopped_goes_on(manifest: Path, halving: Halving, tmp_path: Path, torn: bytes) -> None:
    whole = change_sound(halving, manifest, tmp_path / "whole", workers=1)
    Path(halving.counter).unlink()
    stopping = type("Halving", (Halving,), {"change": _stopping_at_line_6})(halving.counter)
    with pytest.raises(KeyboardInterrupt):
        change_sound(stopping, manifest, tmp_path / "out", workers=1)
    assert not (tmp_path / "out" / "manifest.jsonl").exists()
    with (tmp_path / "out" / JOURNAL).open("ab") as file:
        file.write(torn)
    again = change_sound(halving, manifest, tmp_path / "out", workers=1)
    assert content(again.folder) == content(whole.folder)
    asked = [int(line) for line in Path(halving.counter).read_text().split()]
    assert asked == list(range(1, 13)), "no recording was done twice"


def _stopping_at_line_6(self: Halving, row: Row, audio: object) -> Iterator[object]:
    if row.line == 6:
        raise KeyboardInterrupt
    return Halving.change(self, row, audio)  # type: ignore[arg-type]


def test_a_rerun_does_nothing_and_another_step_is_refused(manifest: Path, halving: Halving, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = change_sound(halving, manifest, out, workers=1)
    before = content(out)
    assert change_sound(halving, manifest, out, workers=1).was_there
    assert Path(halving.counter).read_text().count("\n") == 12
    with pytest.raises(OtherDataset, match="holds another data set"):
        change_table(Shouting(), first.manifest, out)
    with pytest.raises(OtherDataset, match="no finished data set"):
        change_table(Shouting(), manifest, manifest.parent)
    assert content(out) == before
    (out / "mine.jsonl").write_text("mine")
    (out / "audio" / "mine.flac").write_text("mine")
    with pytest.raises(OtherDataset, match="would be removed"):
        clear(out, source=first.manifest)
    clear(out, source=manifest)
    assert set(content(out)) == {"mine.jsonl", "audio/mine.flac"}
    clear(manifest.parent, source=None)
    assert manifest.is_file(), "what is no data set is left alone"


def test_rows_that_cannot_be_used_are_told_and_the_rest_is_done(tmp_path: Path, halving: Halving) -> None:
    good, other = islice(read_manifest(CLIPS / "manifest.jsonl"), 2)
    text = tmp_path / "text.wav"
    text.write_text("this is no sound")
    manifest = tmp_path / "manifest.jsonl"
    lines = [
        good,
        Row(manifest, 0, "absent.wav", 1.0, "a"),
        Row(manifest, 0, "text.wav", 1.0, "a"),
        Row(manifest, 0, str(other.path.resolve()), other.duration_s + 1, "longer than it is"),
        good.with_fields(id="changed", sha256="0" * 64),
        good.with_fields(id="refused", source="unwanted"),
        good,
    ]
    write_manifest(lines, manifest)
    with manifest.open("a") as file:
        file.write('{"audio_filepath": "cut in the mid')
    failures: list[InvalidLine] = []
    made = change_sound(halving, manifest, tmp_path / "out", workers=2, on_failure=failures.append)
    assert made.card.rows == 2
    assert [failure.line for failure in failures] == [2, 3, 4, 5, 6, 7, 8]
    wanted = (
        "No such file",
        "",
        "the manifest says",
        "sha256 differs",
        "no such source",
        "same recording",
        "middle of this",
    )
    assert all(part in failure.reason for part, failure in zip(wanted, failures, strict=True))
    told = [json.loads(line) for line in (made.folder / "failures.jsonl").read_text().splitlines()]
    assert [one["reason"] for one in told] == [failure.reason for failure in failures]
    assert read_card(made.folder / "card.json").steps[-1].failures == 7
    write_manifest([good, other], manifest)
    with pytest.raises(OtherDataset):
        change_sound(halving, manifest, tmp_path / "out", workers=1)


def test_a_table_step_keeps_the_history_and_writes_parts(manifest: Path, halving: Halving, tmp_path: Path) -> None:
    halves = change_sound(halving, manifest, tmp_path / "halves", workers=1)
    made = change_table(Shouting(parts="source"), halves.manifest, tmp_path / "loud")
    rows = list(read_manifest(made.manifest))
    assert [step.name for step in made.card.steps] == ["halving", "shouting"]
    assert made.card.steps[1].input_sha256 == file_sha256(halves.manifest)
    assert [row.path.resolve() for row in rows] == [row.path.resolve() for row in read_manifest(halves.manifest)]
    assert all(row.text == row.text.upper() for row in rows if row.text)
    parts = {row.field("source") for row in rows}
    for part in parts:
        of_part = list(read_manifest(made.folder / f"{part}.jsonl"))
        assert {row.field("source") for row in of_part} == {part}
        again = change_table(Shouting(mark="!"), made.folder / f"{part}.jsonl", tmp_path / f"again-{part}")
        assert [step.name for step in again.card.steps] == ["halving", "shouting", "shouting"]


def test_a_manifest_changed_by_hand_has_no_history(manifest: Path, tmp_path: Path) -> None:
    made = change_table(Shouting(), manifest, tmp_path / "loud")
    with made.manifest.open("a") as file:
        file.write(json.dumps(next(read_manifest(manifest)).as_json()) + "\n")
    with pytest.raises(InvalidCard, match="was changed since"):
        change_table(Shouting(), made.manifest, tmp_path / "louder")


@pytest.mark.parametrize("text", ["", "[]", "null", '{"format": 2}', '{"format": 1, "steps": 5}', "[" * 100_000])
def test_a_broken_card_is_told(manifest: Path, tmp_path: Path, text: str) -> None:
    (manifest.parent / "card.json").write_text(text)
    with pytest.raises(InvalidCard, match=r"card\.json"):
        change_table(Shouting(), manifest, tmp_path / "out")


class FullDisk:
    """Rows, until the disk is full."""

    def __init__(self, manifest: Path) -> None:
        self.rows = read_manifest(manifest)

    def __iter__(self) -> Iterator[Row]:
        yield from islice(self.rows, 3)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_no_half_data_set(manifest: Path, tmp_path: Path) -> None:
    made = change_table(Shouting(), manifest, tmp_path / "out")
    before = made.manifest.read_bytes()
    with pytest.raises(OSError, match="No space left"):
        write_dataset(FullDisk(manifest), made.card.steps[0], made.folder)
    assert made.manifest.read_bytes() == before
    assert not (made.folder / "card.json").exists(), "the card would say that it is complete"
    again = change_table(Shouting(), manifest, made.folder)
    assert (again.card, again.was_there) == (made.card, False)


def test_a_full_disk_under_a_sound_step_is_no_failure_of_a_row(
    manifest: Path, halving: Halving, tmp_path: Path
) -> None:
    """The limit on the size of files stands in for the disk: both fail in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"too large.*\.flac"):
            change_sound(halving, manifest, tmp_path / "out", workers=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "out" / "manifest.jsonl").exists()
    whole = change_sound(halving, manifest, tmp_path / "whole", workers=1)
    assert content(change_sound(halving, manifest, tmp_path / "out", workers=1).folder) == content(whole.folder)


def test_one_run_at_a_time_writes_into_a_folder(manifest: Path, halving: Halving, tmp_path: Path) -> None:
    with claimed(tmp_path / "out"):
        with pytest.raises(OtherDataset, match="another run is writing there"):
            change_sound(halving, manifest, tmp_path / "out", workers=1)
        with pytest.raises(OtherDataset, match="another run is writing there"):
            change_table(Shouting(), manifest, tmp_path / "out")
    assert change_sound(halving, manifest, tmp_path / "out", workers=1).card.rows == 24
