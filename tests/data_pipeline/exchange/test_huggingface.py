"""Our data sets in the hands of Hugging Face's library, and its data sets in ours."""

import json
from hashlib import sha256
from pathlib import Path

import datasets
import numpy as np
import pyarrow.parquet
import pytest

from asr.decode import decode
from data_pipeline.errors import InvalidCorpus, OtherDataset
from data_pipeline.exchange.convert import convert, find_foreign_set
from data_pipeline.exchange.huggingface_reader import read_huggingface
from data_pipeline.exchange.huggingface_writer import write_huggingface
from data_pipeline.manifest import InvalidLine, Row, read_manifest
from data_pipeline.recordings import read_audio
from tests.data_pipeline.exchange.conftest import rows_of


@pytest.fixture(autouse=True)
def _quiet() -> None:
    datasets.disable_progress_bars()


def loaded(folder: Path, cache: Path) -> datasets.Dataset:
    """As a user loads it, but for the decoding, which needs one more library."""
    found = datasets.load_dataset(str(folder), cache_dir=str(cache), split="train")
    return found.cast_column("audio", datasets.Audio(decode=False))


def test_the_library_reads_every_field_and_every_byte(manifest: Path, tmp_path: Path) -> None:
    rows = rows_of(manifest)
    assert write_huggingface(manifest, tmp_path / "out") == len(rows)
    for row, cells in zip(rows, loaded(tmp_path / "out", tmp_path / "cache"), strict=True):
        sound = cells.pop("audio")
        if row.offset_s is None:
            assert sound["bytes"] == row.path.read_bytes()
        else:
            steps = np.abs(decode(sound["bytes"]).samples - read_audio(row).samples)
            assert steps.max() <= 2**-15
        expected = {"text": row.text, "duration": row.duration_s, **(row.fields or {})}
        assert {name: value for name, value in cells.items() if value is not None} == {
            name: value for name, value in expected.items() if value is not None
        }


def test_the_column_of_recordings_says_what_it_is(manifest: Path, tmp_path: Path) -> None:
    write_huggingface(manifest, tmp_path / "out")
    features = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"), split="train").features
    assert isinstance(features["audio"], datasets.Audio)
    assert {name: features[name].dtype for name in ("text", "n", "score", "reviewed")} == {
        "text": "string",
        "n": "int64",
        "score": "float64",
        "reviewed": "bool",
    }


def back(folder: Path, out: Path, columns: dict[str, str] | None = None) -> list[Row]:
    failures: list[InvalidLine] = []
    dataset = convert(find_foreign_set(folder, columns), out, on_failure=failures.append)
    assert failures == []
    return list(read_manifest(dataset.manifest))


def test_there_and_back(manifest: Path, tmp_path: Path) -> None:
    write_huggingface(manifest, tmp_path / "out")
    for before, after in zip(rows_of(manifest), back(tmp_path / "out", tmp_path / "back"), strict=True):
        data = after.path.read_bytes()
        assert after.field("sha256") == sha256(data).hexdigest()
        assert after.path.name == f"{after.field('sha256')[:16]}.flac"  # type: ignore[index]
        if before.offset_s is None:
            assert data == before.path.read_bytes()
        placed = {"audio_filepath": "", "offset": None, "sha256": ""}
        assert after.as_json() | placed == before.as_json() | placed


def test_splits_are_the_librarys_too(manifest: Path, tmp_path: Path) -> None:
    lines = manifest.read_text().splitlines()
    split = [
        line[:-1] + f', "split": "{"test" if number % 3 == 0 else "train"}"}}' for number, line in enumerate(lines)
    ]
    manifest.write_text("\n".join(split))
    write_huggingface(manifest, tmp_path / "out")
    found = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {name: part["id"] for name, part in found.items()} == {
        "train": ["u1", "u2", "u4", "u5", "u7", "part"],
        "test": ["u0", "u3", "u6"],
    }
    manifest.write_text(split[0].replace('"test"', '"../../x"'))
    with pytest.raises(InvalidCorpus, match="split"):
        write_huggingface(manifest, tmp_path / "other")


def test_what_save_to_disk_wrote(query_clip: Path, tmp_path: Path) -> None:
    sound = {"bytes": query_clip.read_bytes(), "path": "/home/somebody/what.flac"}
    columns = {"audio": [sound, sound], "sentence": ["what time", "is it"], "who": ["dora", None]}
    struct = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
    kinds = {"audio": struct, "sentence": datasets.Value("string"), "who": datasets.Value("string")}
    one = datasets.Dataset.from_dict(columns, features=datasets.Features(kinds))
    one.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict({"train": one, "test": one}).save_to_disk(str(tmp_path / "two"))
    names = {"text": "sentence", "speaker": "who"}
    rows = back(tmp_path / "one", tmp_path / "out1", names)
    assert [(row.text, row.field("speaker"), row.field("split")) for row in rows] == [
        ("what time", "dora", None),
        ("is it", None, None),
    ]
    assert rows[0].path.read_bytes() == query_clip.read_bytes()
    assert rows[0].duration_s == pytest.approx(2.219, abs=1e-3)
    splits = [row.field("split") for row in back(tmp_path / "two", tmp_path / "out2", names)]
    assert splits == ["train", "train", "test", "test"]


def test_recordings_that_cannot_be_used_are_named(query_clip: Path, tmp_path: Path) -> None:
    data = query_clip.read_bytes()
    sounds = [
        {"bytes": data, "path": "ok.flac"},
        {"bytes": None, "path": "/etc/passwd"},
        None,
        {"bytes": b"no sound", "path": None},
        {"bytes": data[: len(data) // 2], "path": "cut.flac"},
        {"bytes": data, "path": "../../out.flac"},
        {"bytes": data, "path": "x." + "y" * 300},
    ]
    struct = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
    numbers = [1.0, 1.0, 1.0, 1.0, 1.0, float("nan"), 1.0]
    columns = {"audio": sounds, "text": list("abcdefg"), "score": numbers}
    kinds = {"audio": struct, "text": datasets.Value("string"), "score": datasets.Value("float64")}
    datasets.Dataset.from_dict(columns, features=datasets.Features(kinds)).to_parquet(str(tmp_path / "set.parquet"))
    first, *refused, last = read_huggingface(tmp_path / "set.parquet", tmp_path / "out")
    assert isinstance(first, Row)
    assert isinstance(last, Row)
    expected = ["not in the data set", "not in the data set", "known format", "cut or damaged", "JSON"]
    for part, one in zip(expected, refused, strict=True):
        assert isinstance(one, InvalidLine)
        assert part in one.reason
    written = sorted(path.name for path in (tmp_path / "out" / "audio").iterdir())
    assert written == [last.path.name, first.path.name] == [first.path.stem, f"{first.path.stem}.flac"]


@pytest.mark.parametrize(("field", "message"), [('"audio": 1', "field `audio`"), (f'"n": {2**64}', "64 bits")])
def test_a_field_that_such_a_set_cannot_hold(field: str, message: str, manifest: Path, tmp_path: Path) -> None:
    with manifest.open("a") as file:
        file.write(f'{{"audio_filepath": "a.wav", "duration": 1, {field}}}\n')
    with pytest.raises(InvalidCorpus, match=message):
        write_huggingface(manifest, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_json_that_is_none_or_too_deep(query_clip: Path, tmp_path: Path) -> None:
    sound = {"bytes": query_clip.read_bytes(), "path": "a.flac"}
    features = datasets.Features({"audio": datasets.Audio(), "notes": datasets.Json()})
    deep = "[" * 5000 + "]" * 5000
    cells = [{"audio": sound, "notes": text} for text in ("{", deep, "9" * 5000, '{"a": [1]}')]
    table = pyarrow.Table.from_pylist(cells, schema=features.arrow_schema)
    pyarrow.parquet.write_table(table, tmp_path / "set.parquet")
    *refused, last = read_huggingface(tmp_path / "set.parquet", tmp_path / "out")
    assert [type(one) for one in refused] == [InvalidLine] * 3
    assert "sys." not in str(refused[2])
    assert isinstance(last, Row)
    assert last.as_json()["notes"] == {"a": [1]}


def test_files_that_are_no_such_set(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(ValueError, match=r"(?i)parquet"):
        list(read_huggingface(tmp_path / "broken.parquet", tmp_path / "out"))
    datasets.Dataset.from_dict({"text": ["no sound"]}).to_parquet(str(tmp_path / "text.parquet"))
    with pytest.raises(InvalidCorpus, match="no column of recordings but: text"):
        list(read_huggingface(tmp_path / "text.parquet", tmp_path / "out"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidCorpus, match="neither"):
        find_foreign_set(tmp_path / "empty")


def test_bad_rows_are_told_and_two_runs_write_the_same_bytes(manifest: Path, tmp_path: Path) -> None:
    with manifest.open("a") as file:
        file.write('{"audio_filepath": "absent.wav", "duration": 1, "text": "x"}\n{\n')
    failures: list[InvalidLine] = []
    for name in ("one", "two"):
        failures.clear()
        assert write_huggingface(manifest, tmp_path / name, on_failure=failures.append) == 9
    assert [failure.line for failure in failures] == [10, 11]
    (one,) = (tmp_path / "one" / "data").iterdir()
    assert one.name == "train-00000-of-00001.parquet"
    assert one.read_bytes() == (tmp_path / "two" / "data" / one.name).read_bytes()
    with pytest.raises(OtherDataset):
        write_huggingface(manifest, tmp_path / "one")


def test_another_file_than_the_row_means_is_not_taken(manifest: Path, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    manifest.write_text("".join(json.dumps({**line, "sha256": "0" * 64}) + "\n" for line in lines[:1] + lines[-1:]))
    failures: list[InvalidLine] = []
    with pytest.raises(InvalidCorpus):
        write_huggingface(manifest, tmp_path / "out", on_failure=failures.append)
    assert ["sha256 differs" in failure.reason for failure in failures] == [True, True]
