"""A person's rows go out of a data set, which then is one still; nothing else changes."""

import json
from pathlib import Path

import pytest

from data_pipeline.card import StepRecord, history, read_card
from data_pipeline.dataset import change_sound, claimed, write_dataset
from data_pipeline.erasure import Person, datasets_in, erase, without_card_in
from data_pipeline.errors import InvalidManifest, OtherDataset
from data_pipeline.journal import JOURNAL
from data_pipeline.manifest import InvalidLine, Row, parse_row, read_manifest
from data_pipeline.normalize import Normalization
from tests.conftest import Recording

ANN = Person("ann", frozenset({"req_7"}))


def row(folder: Path, clip: Recording, name: str, **fields: object) -> Row:
    values = {"audio_filepath": str(clip.path), "duration": clip.duration_s, "text": clip.text, "id": name, **fields}
    return parse_row(json.dumps(values).encode(), manifest=folder / "manifest.jsonl", line=1)


@pytest.fixture
def folder(tmp_path: Path, speech: list[Recording]) -> Path:
    folder = tmp_path / "set"
    clips = speech[:6]
    speakers = ("ann", "bob", "ann", "carl", None, "dora")
    names = ("req_1", "req_2", "req_3", "req_4", "req_7", "req_8")
    rows = [row(folder, clip, name, speaker=who) for clip, name, who in zip(clips, names, speakers, strict=True)]
    failed = [
        InvalidLine(folder / "x", 1, "broken", json.dumps(rows[0].as_json())),
        InvalidLine(folder / "x", 2, "odd", "{"),
    ]
    write_dataset([*rows, *failed], StepRecord("ingest", 1, {}, "events", "0" * 64), folder)
    return folder


def test_rows_go_and_the_rest_stays(folder: Path) -> None:
    before = read_card(folder / "card.json")
    done = erase(folder, ANN)
    assert (done.rows, done.recordings) == (3, 0)
    assert before.steps[-1].output_sha256["manifest.jsonl"] in done.hashes
    left = list(read_manifest(folder / "manifest.jsonl"))
    assert [one.field("id") for one in left] == ["req_2", "req_4", "req_8"]
    assert all(one.path.is_file() for one in left)
    card = read_card(folder / "card.json")
    assert (card.rows, card.steps[-1].name, card.steps[-1].settings) == (3, "erase", {"rows": 3})
    assert history(folder / "manifest.jsonl", card.steps[-1].output_sha256["manifest.jsonl"]) == card.steps
    assert "ann" not in "".join(path.read_text() for path in folder.iterdir() if path.is_file())
    assert len((folder / "failures.jsonl").read_text().splitlines()) == 1


def test_done_again_nothing_changes(folder: Path) -> None:
    erase(folder, ANN)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert erase(folder, ANN).rows == 0
    assert erase(folder, Person("nobody")).rows == 0
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_recordings_of_the_data_set_are_deleted_and_no_others(folder: Path, tmp_path: Path) -> None:
    normalized = tmp_path / "normalized"
    change_sound(Normalization(), folder / "manifest.jsonl", normalized, workers=1)
    sources = [one.path for one in read_manifest(folder / "manifest.jsonl")]
    assert datasets_in(tmp_path) == [normalized, folder]
    done = erase(normalized, ANN)
    assert (done.rows, done.recordings) == (3, 3)
    assert len(list((normalized / "audio").iterdir())) == 3
    assert all(one.path.is_file() for one in read_manifest(normalized / "manifest.jsonl"))
    assert all(path.is_file() for path in sources)


def test_rows_without_a_card_are_found(folder: Path, tmp_path: Path) -> None:
    assert without_card_in(tmp_path) == []
    (folder / "card.json").unlink()
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / JOURNAL).write_text("")
    assert (without_card_in(tmp_path), datasets_in(tmp_path)) == ([tmp_path / "begun", folder], [])


def test_a_run_that_was_cut_off_is_done_again(folder: Path) -> None:
    """As if the process had died between the card and the manifest."""
    manifest = (folder / "manifest.jsonl").read_bytes()
    erase(folder, ANN)
    (folder / "manifest.jsonl").write_bytes(manifest)
    assert erase(folder, ANN).rows == 3
    card = read_card(folder / "card.json")
    assert history(folder / "manifest.jsonl", card.steps[-1].output_sha256["manifest.jsonl"])


def test_where_nobody_can_say_whose_a_row_is(folder: Path) -> None:
    with (folder / "manifest.jsonl").open("a") as file:
        file.write("no row\n")
    with pytest.raises(InvalidManifest, match="line 7"):
        erase(folder, ANN)


def test_not_while_another_run_writes_there(folder: Path) -> None:
    with claimed(folder), pytest.raises(OtherDataset, match="another run"):
        erase(folder, ANN)
