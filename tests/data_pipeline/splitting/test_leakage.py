"""What stands on two sides of a split is found: planted people, recordings, copies, texts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asr.decode import decode
from data_pipeline.manifest import Row
from data_pipeline.splitting.copies import find_copies
from data_pipeline.splitting.leakage import SHOWN, check_split
from data_pipeline.splitting.split import Splitting
from tests.asr.conftest import with_libav, with_libsndfile
from tests.conftest import CLIPS
from tests.data_pipeline.made_rows import made, source

BY = ("speaker", "session")


def test_speakers_sessions_and_texts_on_two_sides_are_named() -> None:
    rows = [
        made(1, "yes", split="train", speaker="ann", session="one"),
        made(2, "no", split="test", speaker="ann", session="two"),
        made(3, "yes", split="dev", speaker="bob", session="one"),
        made(4, "go", split="dev", speaker="cid"),
        made(5, "go", speaker="cid"),
        made(6, "go", split="holdout", speaker="cid"),
    ]
    found = check_split(source(rows), BY, {}, sound=False)
    assert found.leaking(["speaker", "session", "text"]) == ["speaker", "session", "text"]
    (ann,) = found.leaks["speaker"].largest
    assert (ann.value, ann.rows, ann.first) == (
        "ann",
        {"train": 1, "test": 1},
        {"train": "1.flac@0", "test": "2.flac@0"},
    )
    assert (found.leaks["text"].values, found.leaks["text"].rows, found.left_out) == (1, 2, 2)


def test_of_many_leaks_the_largest_are_named_and_all_are_counted() -> None:
    rows = [made(2 * one + at, split=("train", "test")[at], speaker=str(one)) for one in range(100) for at in (0, 1)]
    rows += [made(1000, split="train", speaker="42")]
    leak = check_split(source(rows), BY, {}, sound=False).leaks["speaker"]
    assert (leak.values, leak.rows, len(leak.largest)) == (100, 201, SHOWN)
    assert leak.largest[0].value == "42"


def test_a_field_that_was_asked_for_is_checked_too() -> None:
    rows = [made(1, split="train", home="a"), made(2, split="test", home="a")]
    assert check_split(source(rows), ("home",), {}, sound=False).leaking(["home"]) == ["home"]


def test_parts_are_measured() -> None:
    rows = [made(line, duration_s=2.0, split="train", speaker=f"{line % 3}") for line in range(9)]
    part = check_split(source([*rows, made(10, split="train")]), BY, {}, sound=False).parts["train"]
    assert (part.rows, part.duration_s, part.speakers) == (10, 19.0, 3)


def test_a_group_that_is_larger_than_its_share_is_named() -> None:
    rows = [made(line, split="test", speaker="unknown") for line in range(1, 31)]
    rows += [made(line, split="train", speaker=str(line)) for line in range(31, 101)]
    (large,) = check_split(source(rows), BY, {"train": 0.8, "dev": 0.1, "test": 0.1}, sound=False).large_groups
    assert (large.part, large.rows, large.share, large.too_large, large.row) == ("test", 30, 0.3, True, "1.flac@0")


def test_the_largest_group_is_named_in_any_case() -> None:
    rows = [made(line, split="train", speaker=str(line // 3)) for line in range(1, 8)]
    (largest,) = check_split(source(rows), BY, {"train": 0.8}, sound=False).large_groups
    assert (largest.rows, largest.too_large, largest.row) == (3, False, "3.flac@0")


def test_nothing_is_no_error() -> None:
    found = check_split(source([]), ("speaker", "session", "sound"), {"test": 0.1})
    assert not found.leaking(["speaker", "session", "sound"])


@pytest.fixture
def copied(tmp_path: Path) -> list[Row]:
    """Four real clips, three of them a second time: as they are, softer, and as Opus; speakers are not known."""
    clips = sorted((CLIPS / "speech").glob("voice_queries__*.flac"))[:4]
    sounds = [decode(clip.read_bytes()).samples for clip in clips]
    files = {f"{at}.flac": clip.read_bytes() for at, clip in enumerate(clips)}
    files["same.flac"] = clips[0].read_bytes()
    files["softer.wav"] = with_libsndfile(sounds[1] / np.float32(3), "WAV", "PCM_16")
    files["opus.ogg"] = with_libav(sounds[2], "ogg", "libopus", 48_000)
    rows = []
    for line, (name, data) in enumerate(files.items(), 1):
        (tmp_path / name).write_bytes(data)
        rows.append(Row(tmp_path / "m.jsonl", line, name, decode(data).duration_s, "a", None, {}))
    return rows


def test_copies_of_real_recordings_are_one_group_and_nothing_else_is(copied: list[Row]) -> None:
    assert find_copies(source(copied)).groups.tolist() == [0, 1, 2, 3, 0, 1, 2]


def test_a_split_by_sound_keeps_copies_together_and_the_check_finds_planted_ones(copied: list[Row]) -> None:
    for salt in "abcdefgh":
        step = Splitting(train=0.4, dev=0.3, test=0.3, salt=salt)
        placed = [row for row in step.change(source(copied)) if isinstance(row, Row)]
        copied = [row.with_fields(split=None) for row in placed]
        assert not check_split(source(placed), step.by, {}).leaking(["sound", "recording"])
    planted = [row.with_fields(split="train" if row.line < 5 else "test") for row in copied]
    found = check_split(source(planted), ("sound",), {})
    assert found.leaks["sound"].values == 3
    assert {frozenset(one.first.values()) for one in found.leaks["sound"].largest} == {
        frozenset({"0.flac@0", "same.flac@0"}),
        frozenset({"1.flac@0", "softer.wav@0"}),
        frozenset({"2.flac@0", "opus.ogg@0"}),
    }


def test_the_fingerprint_in_a_row_spares_reading_the_recording(copied: list[Row]) -> None:
    placed = [row for row in Splitting().change(source(copied)) if isinstance(row, Row)]
    for row in placed:
        row.path.unlink()
    assert find_copies(source(placed)).groups.tolist() == [0, 1, 2, 3, 0, 1, 2]


@pytest.mark.parametrize("value", ["1:zz", "1:00", "2:" + 64 * "0", 5, ["1:"], ""])
def test_a_fingerprint_that_is_none_is_measured(copied: list[Row], value: object) -> None:
    rows = [row.with_fields(fingerprint=value) for row in copied]
    assert find_copies(source(rows)).groups.tolist() == [0, 1, 2, 3, 0, 1, 2]


def test_what_cannot_be_read_is_counted_and_compared_by_file_only(unreadable: list[Row]) -> None:
    rows = [row.with_fields(split=part) for row, part in zip(unreadable, ("train", "dev", "test"), strict=True)]
    again = replace(rows[0], line=4).with_fields(split="test", id="again")
    found = check_split(source([*rows, again]), ("sound",), {})
    assert found.uncompared == 4
    assert found.leaks["recording"].values == 1


def test_files_with_the_same_hash_are_one_recording() -> None:
    rows = [made(1, split="train", sha256="f00"), made(2, split="test", sha256="f00")]
    assert check_split(source(rows), ("sound",), {}).leaks["recording"].values == 1
