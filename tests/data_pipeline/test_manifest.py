"""Manifests: what is read, what is refused with line and reason, and that nothing is lost."""

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.errors import InvalidManifest
from data_pipeline.manifest import (
    MAX_LINE_BYTES,
    InvalidLine,
    Row,
    matching,
    parse_row,
    read_lines,
    read_manifest,
    write_manifest,
)
from tests.conftest import CLIPS

MANIFEST = Path("folder/manifest.jsonl")
names = st.text(min_size=1).filter(lambda name: name not in ("audio_filepath", "duration", "text", "offset"))
values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.lists(st.text(), max_size=3)


def test_carried_manifest_is_read_in_order_with_all_its_fields() -> None:
    lines = [json.loads(line) for line in (CLIPS / "manifest.jsonl").read_text().splitlines()]
    rows = list(read_manifest(CLIPS / "manifest.jsonl"))
    assert [row.as_json() for row in rows] == lines
    assert all(row.path.is_file() for row in rows)


def test_rows_are_read_lazily(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_text('{"audio_filepath": "a.wav", "duration": 1, "text": "a"}\n\nbroken\n')
    rows = read_manifest(path)
    assert next(rows).audio_filepath == "a.wav"
    with pytest.raises(InvalidManifest, match="line 3"):
        next(rows)


@given(
    path=st.text(min_size=1).filter(lambda path: "\0" not in path),
    duration=st.floats(1e-3, 1e6),
    text=st.none() | st.text(),
    offset=st.none() | st.floats(0, 1e6),
    fields=st.dictionaries(names, values, max_size=4),
)
def test_what_a_row_writes_it_reads_again(
    path: str, duration: float, text: str | None, offset: float | None, fields: dict[str, object]
) -> None:
    written = {**fields, "audio_filepath": path, "duration": duration, "text": text, "offset": offset}
    row = parse_row(json.dumps(written).encode(), manifest=MANIFEST, line=1)
    again = parse_row(json.dumps(row.as_json()).encode(), manifest=MANIFEST, line=1)
    assert again == row
    assert (row.audio_filepath, row.duration_s, row.text, row.offset_s, row.fields) == (
        path,
        duration,
        text,
        offset,
        fields,
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_a_row_or_a_refusal(data: bytes) -> None:
    with suppress(InvalidManifest):
        assert parse_row(data, manifest=MANIFEST, line=7).duration_s > 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[]", "not a JSON object"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b'{"audio_filepath": "a", "duration": 1, "text": "\\ud800"}', "surrogate"),
        (b'{"audio_filepath": "a", "duration": 1, "x": ' + b"[" * 40 + b"]" * 40 + b"}", "nested"),
        (b'{"duration": 1, "text": ""}', "audio_filepath"),
        (b'{"audio_filepath": "", "duration": 1}', "audio_filepath"),
        (b'{"audio_filepath": "a\\u0000b", "duration": 1}', "audio_filepath"),
        (b'{"audio_filepath": "a", "text": ""}', "duration"),
        (b'{"audio_filepath": "a", "duration": 0}', "duration"),
        (b'{"audio_filepath": "a", "duration": NaN}', "NaN is no JSON"),
        (b'{"audio_filepath": "a", "duration": 1, "text": "", "x": [-Infinity]}', "-Infinity is no JSON"),
        (b'{"audio_filepath": "a", "duration": 1, "x": 1' + b"0" * 5000 + b"}", "a number of 5001 digits"),
        (b'{"audio_filepath": "a", "duration": true}', "duration"),
        (b'{"audio_filepath": "a", "duration": 1' + b"0" * 390 + b"}", "duration"),
        (b'{"audio_filepath": "a", "duration": 1, "offset": -1}', "offset"),
        (b'{"audio_filepath": "a", "duration": 1, "text": 5}', "text"),
    ],
)
def test_a_bad_line_is_refused_by_number_and_reason(line: bytes, reason: str) -> None:
    with pytest.raises(InvalidManifest, match=rf"line 3: .*{reason}"):
        parse_row(line, manifest=MANIFEST, line=3)


def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(b" " * (MAX_LINE_BYTES + 10))
    with pytest.raises(InvalidManifest, match="longer than"):
        list(read_manifest(path))


def test_rows_are_chosen_by_fields() -> None:
    chosen = list(matching(read_manifest(CLIPS / "manifest.jsonl"), {"source": {"vctk", "ljspeech"}}))
    assert {row.field("source") for row in chosen} == {"vctk", "ljspeech"}
    assert not list(matching(chosen, {"device_model": {"x"}}))


def test_every_line_is_a_row_or_told_with_its_reason(tmp_path: Path) -> None:
    good = b'{"audio_filepath": "a.wav", "duration": 1, "text": "a"}'
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(b"\n".join([good, b"broken", b"", b"\xff" * 300, b"x" * (2 * MAX_LINE_BYTES), good, good[:30]]))
    found = list(read_lines(path))
    assert [one.line for one in found] == [1, 2, 4, 5, 6, 7]
    reasons = [one.reason if isinstance(one, InvalidLine) else None for one in found]
    assert (reasons[0], reasons[4]) == (None, None)
    assert "UTF-8" in str(reasons[2])
    assert "longer than" in str(reasons[3])
    assert "ends in the middle of this line" in str(reasons[5])
    assert all(len(one.text) <= 200 for one in found if isinstance(one, InvalidLine))


def test_a_manifest_written_elsewhere_points_to_the_same_recordings(tmp_path: Path) -> None:
    rows = list(read_manifest(CLIPS / "manifest.jsonl"))
    path = tmp_path / "deep" / "manifest.jsonl"
    written = write_manifest(rows, path)
    again = list(read_manifest(path))
    assert [row.path.resolve() for row in again] == [row.path.resolve() for row in rows]
    assert (written.rows, written.duration_s) == (len(rows), round(sum(row.duration_s for row in rows), 3))
    assert write_manifest(rows, path).sha256 == written.sha256
    assert list(path.parent.iterdir()) == [path]


def test_a_manifest_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_text("old")

    def broken() -> Iterator[Row]:
        yield from islice(read_manifest(CLIPS / "manifest.jsonl"), 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_manifest(broken(), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_is_the_id_or_the_place() -> None:
    row = Row(MANIFEST, 1, "a.wav", 1.0, "a")
    assert row.key == "a.wav@0"
    assert row.with_fields(id=7).key == "7"
    assert row.with_fields(id=7).with_fields(id=None) == row.with_fields()
    assert row.with_fields(labeler="anna").key == "a.wav@0#anna"
    assert row.with_fields(id=7, labeler="bob").key == "7#bob"


def test_a_recording_has_one_name_wherever_the_manifest_lies_and_whoever_labels_it(tmp_path: Path) -> None:
    row = Row(MANIFEST, 1, "a.wav", 1.0, "a", 2.5)
    assert row.recording == row.with_fields(labeler="bob").moved_to(tmp_path / "m.jsonl").recording == "a.wav@2.5"
    assert row.with_fields(sha256="f00").recording == "f00@2.5"


def test_a_manifest_behind_a_link_points_to_the_same_recordings(tmp_path: Path) -> None:
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    row = next(read_manifest(CLIPS / "manifest.jsonl"))
    write_manifest([row], tmp_path / "link" / "manifest.jsonl")
    [again] = read_manifest(tmp_path / "link" / "manifest.jsonl")
    assert again.path.samefile(row.path)


def test_a_row_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidManifest, match=r"a\.wav@0 would be longer"):
        write_manifest([Row(MANIFEST, 1, "a.wav", 1.0, "a" * MAX_LINE_BYTES)], tmp_path / "manifest.jsonl")
    assert not list(tmp_path.iterdir())
