"""Recordings that are absent, broken, elsewhere or named twice: one reason each, and the others go on."""

import os
from pathlib import Path
from shutil import copyfile

import pytest

from data_pipeline.errors import InvalidCorpus
from data_pipeline.ingest.ingest import Ingestion, ingest, survey
from data_pipeline.ingest.layouts import Place, find_layout
from tests.data_pipeline.ingest import collections
from tests.data_pipeline.ingest.collections import TERMS, Taken, take_in


@pytest.fixture
def table(tmp_path: Path, query_clip: Path) -> Path:
    """A folder with two good recordings and a table to be written."""
    folder = tmp_path / "in"
    folder.mkdir()
    copyfile(query_clip, folder / "good.flac")
    copyfile(query_clip, folder / "last.flac")
    return folder / "list.csv"


def taken_of(table: Path, *lines: str, header: str = "audio_filepath,text") -> Taken:
    """The good recording comes last, and must always be taken."""
    last = "last.flac,what time is it" + "," * (header.count(",") - 1)
    table.write_text("\n".join([header, *lines, last]) + "\n")
    taken = take_in(table, table.parent.parent / "out")
    assert taken.texts[-1] == "what time is it"
    assert all(failure.line > 1 for failure in taken.failures)
    return taken


def test_absent_and_unreadable_recordings(table: Path, query_clip: Path) -> None:
    data = query_clip.read_bytes()
    (table.parent / "empty.wav").touch()
    (table.parent / "words.wav").write_text("no sound")
    (table.parent / "cut.flac").write_bytes(data[: len(data) // 2])
    (table.parent / "silent.wav").write_bytes(silent_wav())
    (table.parent / "folder.wav").mkdir()
    os.mkfifo(table.parent / "pipe.wav")
    names = ["absent.wav", "empty.wav", "words.wav", "cut.flac", "silent.wav", "folder.wav", "pipe.wav"]
    reasons = taken_of(table, *(f"{name},x" for name in names)).reasons
    expected = ["no such file", "is empty", "known format", "cut or damaged", "no sound", "no regular", "no regular"]
    assert [part in reason for part, reason in zip(expected, reasons, strict=True)] == [True] * 7, reasons
    assert [reason.split(":")[0] for reason in reasons] == names


def silent_wav() -> bytes:
    """A header of 16-bit mono at 16 kHz, and not one sample."""
    form = b"fmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0"
    return b"RIFF\x24\0\0\0WAVE" + form + b"data\0\0\0\0"


def test_a_file_that_is_too_large_is_not_read(table: Path) -> None:
    with (table.parent / "huge.wav").open("wb") as file:
        file.truncate(2**40)
    table.write_text("audio_filepath,text\nhuge.wav,x\n")
    found = find_layout(Place(address=str(table)))
    surveyed = survey(found, TERMS, workers=1)
    failures: list[str] = []
    settings = Ingestion(terms=TERMS)
    ingest(
        found,
        settings,
        surveyed,
        table.parent.parent / "out",
        workers=1,
        on_failure=lambda f: failures.append(f.reason),
    )
    assert "at most" in failures[0]


def test_nothing_outside_the_folder_is_opened(table: Path, query_clip: Path) -> None:
    outside = table.parent.parent / "secret.flac"
    copyfile(query_clip, outside)
    (table.parent / "link.flac").symlink_to(outside)
    (table.parent / "loop.flac").symlink_to("loop.flac")
    (table.parent / "dangling.flac").symlink_to("nowhere")
    (table.parent / "inner.flac").symlink_to("good.flac")
    names = ["../secret.flac", str(outside), "../../../../etc/passwd", "link.flac", "loop.flac", "dangling.flac"]
    taken = taken_of(table, *(f"{name},x" for name in names), "inner.flac,a link within")
    assert taken.texts == ["a link within", "what time is it"]
    assert ["leads out" in reason for reason in taken.reasons] == [True, True, True, True, False, False]


def test_words_beside_a_recording_are_not_read_from_elsewhere(table: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root:x:0:0")
    (table.parent / "good.txt").symlink_to(secret)
    taken = take_in(table.parent, tmp_path / "out")
    assert taken.texts == [None]
    assert taken.reasons == ["good.flac: leads out of the folder in"]


def test_duplicates_and_empty_texts(table: Path) -> None:
    lines = ["good.flac,first,7", "good.flac,second,7", "good.flac,,8", "good.flac,  ,9"]
    taken = taken_of(table, *lines, header="audio_filepath,text,id")
    assert taken.texts == ["first", "what time is it"]
    assert [reason.split(": ")[1] for reason in taken.reasons] == [
        "the id '7' occurs a second time",
        "the text is empty",
        "the text is empty",
    ]


def test_an_empty_text_can_be_said_to_mean_silence(table: Path) -> None:
    table.write_text("audio_filepath,text\ngood.flac,\n")
    found = find_layout(Place(address=str(table)))
    settings = Ingestion(terms=TERMS, empty_is_silence=True)
    dataset = ingest(found, settings, survey(found, TERMS, workers=1), table.parent.parent / "out", workers=1)
    assert '"text": ""' in dataset.manifest.read_text()


def test_what_the_collection_claims_of_a_recording_must_hold(table: Path) -> None:
    header = "id,audio_filepath,text,duration,offset,sha256"
    claims = ["30,,", "2,1.9,", "2,-1,", "nan,,", ",0.5,", ",,abc"]
    table.write_text("\n".join([header, *(f"{n},good.flac,x,{claim}" for n, claim in enumerate(claims))]))
    reasons = sorted(take_in(table, table.parent.parent / "out").reasons)
    expected = ["no duration", "duration 'nan'", "not 30 s", "would end at 3.9 s", "sha256 differs", "offset '-1'"]
    assert [part in reason for part, reason in zip(expected, reasons, strict=True)] == [True] * 6, reasons


def test_a_name_that_is_no_text(tmp_path: Path, query_clip: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    copyfile(query_clip, os.fsencode(folder) + b"/caf\xe9.flac")
    copyfile(query_clip, folder / "good.flac")
    taken = take_in(folder, tmp_path / "out")
    assert len(taken.rows) == 1
    assert "not UTF-8" in taken.reasons[0]


def test_a_name_that_no_disk_can_have(table: Path) -> None:
    (reason,) = taken_of(table, "x" * 3000 + ".wav,x").reasons
    assert reason.endswith("File name too long")
    assert len(reason) < 300


def test_librispeech_with_lines_and_recordings_that_do_not_meet(tmp_path: Path, query_clip: Path) -> None:
    collections.librispeech(tmp_path / "in")
    chapter = tmp_path / "in" / "dev-clean" / "251" / "136532"
    copyfile(query_clip, chapter / "251-136532-0009.flac")
    with (chapter / "251-136532.trans.txt").open("ab") as file:
        file.write(b"251-136532-0007 NOT RECORDED\nnonsense\n251-136532-0008 CAF\xe9\n")
    taken = take_in(tmp_path / "in", tmp_path / "out")
    assert len(taken.rows) == len(collections.carried("librispeech"))
    assert [any(part in reason for reason in taken.reasons) for part in ("no such file", "SPEAKER", "not UTF-8")] == [
        True
    ] * 3
    assert any("0009.flac: no transcript" in reason for reason in taken.reasons)


def test_ljspeech_with_ragged_lines(tmp_path: Path) -> None:
    rows = collections.ljspeech(tmp_path / "in")
    with (tmp_path / "in" / "metadata.csv").open("a") as file:
        file.write("LJ001-0009\nLJ|a|b|c\n|no name|no name\n")
    taken = take_in(tmp_path / "in", tmp_path / "out")
    assert len(taken.rows) == len(rows)
    assert [failure.line for failure in taken.failures] == [len(rows) + n for n in (1, 2, 3)]


def test_a_table_in_another_encoding_says_so(table: Path) -> None:
    table.write_bytes("audio_filepath,text\ngood.flac,café\nlast.flac,voilà\n".encode("latin-1"))
    with pytest.raises(InvalidCorpus, match=r"list\.csv, line 2: not UTF-8"):
        survey(find_layout(Place(address=str(table))), TERMS, workers=1)
