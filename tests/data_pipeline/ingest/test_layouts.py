"""Every layout, on real recordings: the same demands on each."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from asr.decode import decode
from data_pipeline.errors import InvalidCorpus
from data_pipeline.ingest.layouts import LAYOUTS, Place, find_layout
from data_pipeline.manifest import Row
from tests.data_pipeline.ingest import collections
from tests.data_pipeline.ingest.collections import TERMS, Taken, take_in

MAPPED = {"audio_filepath": "file", "text": "what was said", "speaker": "who"}
BUILDERS: dict[str, tuple[Callable[[Path], list[Row]], str]] = {
    "folder": (collections.folder, ""),
    "common-voice": (collections.common_voice, ""),
    "librispeech": (collections.librispeech, ""),
    "ljspeech": (collections.ljspeech, ""),
    "csv": (collections.csv_table, "list.csv"),
    "jsonl": (collections.json_lines, "list.jsonl"),
}


def place_of(name: str, at: Path) -> Place:
    return Place(address=str(at / BUILDERS[name][1]), columns=MAPPED if name == "csv" else {})


@pytest.fixture(params=BUILDERS)
def collection(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Place, list[Row]]:
    name: str = request.param
    return name, place_of(name, tmp_path / "in"), BUILDERS[name][0](tmp_path / "in")


def test_texts_lengths_and_hashes_are_those_of_the_recordings(
    collection: tuple[str, Place, list[Row]], tmp_path: Path
) -> None:
    name, place, carried = collection
    taken = take_in(place, tmp_path / "out")
    assert taken.failures == []
    texts = [str(row.text).lower() for row in carried]
    expected = [*texts[:-1], "a part"] if name == "jsonl" else texts
    assert [str(text).lower() for text in taken.texts] == expected
    for row in taken.rows:
        data = row.path.read_bytes()
        assert row.field("sha256") == sha256(data).hexdigest()
        assert row.duration_s == (pytest.approx(decode(data).duration_s) if row.offset_s is None else 1.25)
        assert [row.field(field) for field in ("source", "license", "consent", "corpus")] == [
            *("purchased", "CC BY 4.0", "speakers' agreement", "bought")
        ]
    assert len({row.key for row in taken.rows}) == len(taken.rows)


def test_two_runs_and_a_run_in_processes_give_the_same_bytes(
    collection: tuple[str, Place, list[Row]], tmp_path: Path
) -> None:
    _, place, _ = collection
    first, second = (take_in(place, tmp_path / f"out{n}", workers=n) for n in (1, 2))
    files = [(taken.dataset.manifest, taken.dataset.folder / "card.json") for taken in (first, second)]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]


def test_the_card_names_the_step_and_what_it_read_wherever_that_lies(
    collection: tuple[str, Place, list[Row]], tmp_path: Path
) -> None:
    name, place, _ = collection
    (step,) = take_in(place, tmp_path / "out").dataset.card.steps
    (tmp_path / "elsewhere").mkdir()
    moved = place_of(name, (tmp_path / "in").rename(tmp_path / "elsewhere" / "in"))
    (again,) = take_in(moved, tmp_path / "other" / "out").dataset.card.steps
    assert (step.name, step.settings["layout"]) == ("ingest", find_layout(moved).name)
    assert (again.input_sha256, again.settings) == (step.input_sha256, step.settings)
    card = (tmp_path / "out" / "card.json").read_text()
    assert str(tmp_path) not in card


def test_other_bytes_are_another_input(tmp_path: Path) -> None:
    collections.folder(tmp_path / "in")
    before = take_in(tmp_path / "in", tmp_path / "out").dataset.card.steps[0].input_sha256
    first, second, _ = sorted((tmp_path / "in").rglob("*.flac"))
    first.write_bytes(second.read_bytes())
    assert take_in(tmp_path / "in", tmp_path / "out2").dataset.card.steps[0].input_sha256 != before


def fields(taken: Taken, *names: str) -> list[str | None]:
    return [taken.rows[0].field(name) for name in names]


def test_common_voice_keeps_who_spoke_and_says_nothing_where_a_cell_is_empty(tmp_path: Path) -> None:
    rows = collections.common_voice(tmp_path / "in")
    taken = take_in(tmp_path / "in", tmp_path / "out")
    assert [row.field("speaker") for row in taken.rows] == [row.field("speaker") for row in rows]
    assert fields(taken, "age", "gender", "accents", "locale") == ["twenties", None, "us", "en"]
    assert taken.rows[0].key == rows[0].path.stem.removeprefix("common_voice__")


def test_common_voice_splits_are_taken_where_there_is_no_whole_table(tmp_path: Path) -> None:
    collections.common_voice(tmp_path / "in")
    header, *lines = (tmp_path / "in" / "validated.tsv").read_text().splitlines()
    (tmp_path / "in" / "validated.tsv").unlink()
    for name, part in {"train": lines[2:], "test": lines[:2]}.items():
        (tmp_path / "in" / f"{name}.tsv").write_text("\n".join([header, *part]))
    taken = take_in(tmp_path / "in", tmp_path / "out")
    assert [row.field("split") for row in taken.rows] == ["train"] * len(lines[2:]) + ["test"] * 2
    assert len(take_in(tmp_path / "in" / "test.tsv", tmp_path / "test").rows) == 2


def test_librispeech_says_who_read_and_in_which_chapter(tmp_path: Path) -> None:
    collections.librispeech(tmp_path / "in")
    for folder in (tmp_path / "in", tmp_path / "in" / "dev-clean"):
        taken = take_in(folder, tmp_path / f"out-{folder.name}")
        assert fields(taken, "id", "speaker", "session") == ["251-136532-0000", "251", "251-136532"]
        assert fields(taken, "gender", "subset") == ["M", "dev-clean"]


def test_ljspeech_has_one_speaker_and_keeps_both_texts(tmp_path: Path) -> None:
    rows = collections.ljspeech(tmp_path / "in")
    taken = take_in(tmp_path / "in", tmp_path / "out")
    assert fields(taken, "id", "speaker") == ["LJ001-0001", "in"]
    assert [row.field("printed_text") for row in taken.rows] == [f'He said "{row.text}"' for row in rows]


def test_json_keeps_the_type_of_every_field(tmp_path: Path) -> None:
    collections.json_lines(tmp_path / "in")
    taken = take_in(tmp_path / "in" / "list.jsonl", tmp_path / "out")
    written = [json.loads(line) for line in taken.dataset.manifest.read_text().splitlines()]
    assert written[0]["nested"] == {"a": [1, 2.5, None]}
    assert written[-1]["offset"] == 0.5


def test_a_sound_file_without_words_is_not_transcribed(query_clip: Path, tmp_path: Path) -> None:
    taken = take_in(query_clip, tmp_path / "out")
    assert taken.texts == [None]


def test_recordings_are_found_from_a_folder_that_is_reached_by_a_link(query_clip: Path, tmp_path: Path) -> None:
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "near").symlink_to(tmp_path / "far" / "away")
    (row,) = take_in(query_clip, tmp_path / "near" / "out").rows
    assert row.path.read_bytes() == query_clip.read_bytes()


def test_copied_recordings_are_the_same_bytes_and_are_not_written_twice(tmp_path: Path) -> None:
    collections.ljspeech(tmp_path / "in")
    out = tmp_path / "out"
    taken = take_in(tmp_path / "in", out, copy=True)
    files = sorted((out / "audio").iterdir())
    assert sorted(row.path for row in taken.rows) == files
    assert {file.stem: sha256(file.read_bytes()).hexdigest()[:16] for file in files} == {f.stem: f.stem for f in files}
    (out / "card.json").unlink()
    (out / "manifest.jsonl").unlink()
    files[0].unlink()
    written = {file: file.stat().st_mtime_ns for file in files[1:]}
    take_in(tmp_path / "in", out, copy=True)
    assert sorted((out / "audio").iterdir()) == files
    assert {file: file.stat().st_mtime_ns for file in files[1:]} == written


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_a_layout_that_is_asked_for_must_fit(name: str, tmp_path: Path) -> None:
    (tmp_path / "words.md").write_text("nothing to hear")
    with pytest.raises(InvalidCorpus, match=name):
        find_layout(Place(address=str(tmp_path / "words.md")), name)


def test_a_place_that_fits_no_layout(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        find_layout(Place(address=str(tmp_path / "absent")))
    with pytest.raises(InvalidCorpus, match="no sound file"):
        take_in(tmp_path, tmp_path / "out", terms=TERMS)
    collections.folder(tmp_path / "in")
    with pytest.raises(InvalidCorpus, match="only a table"):
        find_layout(Place(address=str(tmp_path / "in"), columns=MAPPED))
