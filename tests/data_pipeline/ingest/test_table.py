"""Tables as other people's tools write them: one reason for each row that cannot be used."""

from pathlib import Path

import pytest

from data_pipeline.errors import InvalidCorpus
from data_pipeline.ingest.found import Found, Item
from data_pipeline.ingest.table import Table
from data_pipeline.manifest import MAX_LINE_BYTES, InvalidLine


def read(path: Path, data: bytes, **columns: str) -> list[Item]:
    path.write_bytes(data)
    return list(Table(path=path, columns=columns).read())


def told(items: list[Item]) -> list[tuple[int, str]]:
    """Line, and audio or reason."""
    return [
        (item.line, item.audio if isinstance(item, Found) else item.reason)
        for item in items
        if isinstance(item, Found | InvalidLine)
    ]


@pytest.mark.parametrize(("suffix", "delimiter"), [(".csv", ","), (".tsv", "\t"), (".psv", "|"), (".CSV", ",")])
def test_the_suffix_says_what_stands_between_cells(tmp_path: Path, suffix: str, delimiter: str) -> None:
    data = f"path{delimiter}words\r\na.wav{delimiter}it's five o'clock\r\n\r\n".encode("utf-8-sig")
    (item,) = read(tmp_path / f"t{suffix}", data, audio_filepath="path", text="words")
    assert isinstance(item, Found)
    assert (item.audio, item.text, item.line) == ("a.wav", "it's five o'clock", 2)


def test_quotes_in_csv_enclose_and_in_tsv_are_words(tmp_path: Path) -> None:
    (quoted,) = read(tmp_path / "t.csv", b'audio_filepath,text\na.wav,"one, ""two""\nthree"\n')
    (plain,) = read(tmp_path / "t.tsv", b'audio_filepath\ttext\na.wav\t"one" two\n')
    assert isinstance(quoted, Found)
    assert isinstance(plain, Found)
    assert (quoted.text, plain.text) == ('one, "two"\nthree', '"one" two')


def test_rows_that_cannot_be_used_do_not_keep_the_others_back(tmp_path: Path) -> None:
    long = b"x" * (MAX_LINE_BYTES + 10)
    lines = [
        b"audio_filepath,text",
        b"a.wav,ok",
        b"b.wav",
        b"c.wav,caf\xe9",
        b"d.wav,nul\0",
        b",no name",
        b"e.wav," + long,
        b"f.wav,one,two",
        b"g.wav,ok",
    ]
    items = told(read(tmp_path / "t.csv", b"\n".join(lines)))
    assert [line for line, _ in items] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert [what for _, what in items][0::7] == ["a.wav", "g.wav"]
    parts = ["1 cells where the header has 2", "not UTF-8", "NUL", "names no", "more than 131072", "3 cells"]
    assert [part in what for part, (_, what) in zip(parts, items[1:], strict=False)] == [True] * 6, items


def test_a_quote_that_is_never_closed_ends_at_a_bound(tmp_path: Path) -> None:
    lines = b"".join(b"%06d.wav,text\n" % number for number in range(20_000))
    items = told(read(tmp_path / "t.csv", b'audio_filepath,text\na.wav,"open\n' + lines))
    assert items[0] == (2, "a cell of more than 131072 characters, or a quote that is never closed")
    assert items[-1] == (20_002, "019999.wav")
    assert told(read(tmp_path / "u.csv", b'audio_filepath,text\na.wav,"open\n')) == [
        (2, "a quote that is never closed")
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"path,text\na.wav,x\n", "no column 'audio_filepath' but: path, text"),
        (b"audio_filepath,text,text\na.wav,x,y\n", "more than one column 'text'"),
        ("audio_filepath,text\n".encode("utf-16"), "line 1: no header: not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0", "no header"),
    ],
)
def test_a_table_without_a_usable_header_is_refused_whole(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InvalidCorpus, match=message):
        read(tmp_path / "t.csv", data)


def test_a_mapped_column_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidCorpus, match="no column 'who'"):
        read(tmp_path / "t.csv", b"audio_filepath,text\na.wav,x\n", speaker="who")


def test_a_mapped_column_goes_before_one_of_the_same_name(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "t.csv", b"audio_filepath,text,raw\na.wav,x,y\n", text="raw")
    assert isinstance(item, Found)
    assert (item.text, dict(item.fields)) == ("y", {})


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "t.csv", b",audio_filepath,text,\n0,a.wav,x,y\n")
    assert isinstance(item, Found)
    assert (item.audio, item.text, dict(item.fields)) == ("a.wav", "x", {})


def test_lines_that_are_no_json_objects(tmp_path: Path) -> None:
    lines = [
        b'\xef\xbb\xbf{"audio_filepath": "a.wav", "n": 1}',
        b"",
        b"{",
        b"[1]",
        b'{"audio_filepath": 5}',
        b'{"audio_filepath": "a\\u0000.wav"}',
        b'{"audio_filepath": "a.wav", "text": 5}',
        b'{"audio_filepath": "a.wav", "text": "\\ud800"}',
        b'{"audio_filepath": "a.wav", "x": NaN}',
        b"[" * 100_000,
        b'{"audio_filepath": "a.wav", "x": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"audio_filepath": "caf\xe9"}',
        b'{"audio_filepath": "' + b"x" * MAX_LINE_BYTES + b'"}',
        b'{"audio_filepath": "z.wav", "offset": true, "duration": 1}',
        b'{"audio_filepath": "z.wav", "duration": 1e400}',
        b'{"audio_filepath": "z.wav", "text": null}',
    ]
    items = told(read(tmp_path / "t.jsonl", b"\n".join(lines)))
    assert [line for line, _ in items] == [1, *range(3, 17)]
    assert [what for _, what in items if what.endswith(".wav")] == ["a.wav", "z.wav"]


def test_long_numbers_are_kept_to_the_digit_and_endless_ones_refused(tmp_path: Path) -> None:
    numbers = (2**64, -(2**63) - 1, 10**30)
    written = [*map(str, numbers), "9" * 5000]
    lines = "\n".join(f'{{"audio_filepath": "a.wav", "n": {number}}}' for number in written)
    *kept, refused = read(tmp_path / "t.jsonl", lines.encode())
    assert [one.fields["n"] for one in kept if isinstance(one, Found)] == list(numbers)
    assert isinstance(refused, InvalidLine)
    assert "sys." not in refused.reason


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(InvalidCorpus, match=r"\.csv"):
        read(tmp_path / "t.xlsx", b"PK")
