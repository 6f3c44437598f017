"""Manifests: what is read, what is refused with line and reason, and that nothing is lost."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.errors import InvalidManifest
from data_pipeline.manifest import MAX_LINE_BYTES, matching, parse_row, read_manifest
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
        (b'{"duration": 1, "text": ""}', "audio_filepath"),
        (b'{"audio_filepath": "", "duration": 1}', "audio_filepath"),
        (b'{"audio_filepath": "a\\u0000b", "duration": 1}', "audio_filepath"),
        (b'{"audio_filepath": "a", "text": ""}', "duration"),
        (b'{"audio_filepath": "a", "duration": 0}', "duration"),
        (b'{"audio_filepath": "a", "duration": NaN}', "duration"),
        (b'{"audio_filepath": "a", "duration": true}', "duration"),
        (b'{"audio_filepath": "a", "duration": 1' + b"0" * 400 + b"}", "duration"),
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
