"""`voicesearch data split` as a user calls it."""

import json
from pathlib import Path

import pytest

from serving.cli import main
from tests.conftest import CLIPS


def split(*arguments: str | Path) -> object:
    with pytest.raises(SystemExit) as left:
        main(["data", "split", *map(str, arguments)])
    return left.value.code


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps({"audio_filepath": "a.flac", "duration": 1, **row}) + "\n" for row in rows))
    return path


def test_real_recordings_are_split_and_nothing_leaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = tmp_path / "parts"
    assert split(CLIPS / "manifest.jsonl", "--out", parts) == 0
    out, err = capsys.readouterr()
    rows = lines(parts / "manifest.jsonl")
    by_part = {name: lines(parts / f"{name}.jsonl") for name in ("train", "dev", "test")}
    assert {name: len(some) for name, some in by_part.items()} == {
        name: sum(row["split"] == name for row in rows) for name in by_part
    }
    assert sum(map(len, by_part.values())) == len(rows)
    assert "speaker: on one side each" in out
    assert "sound: on one side each" in out
    assert f"{len(rows)} rows" in err
    assert json.loads((parts / "split.json").read_text())["parts"]["test"]["rows"] == len(by_part["test"])
    assert split("--check", parts / "manifest.jsonl") == 0


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert split(CLIPS / "manifest.jsonl", "--out", tmp_path / name) == 0
    for name in ("manifest.jsonl", "train.jsonl", "card.json", "split.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_leak_is_told_with_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[dict[str, object]] = [
        {"id": "1", "speaker": "ann", "split": "train"},
        {"id": "2", "speaker": "ann", "split": "test"},
    ]
    manifest = write(tmp_path / "leaky.jsonl", rows)
    assert split("--check", "--by", "speaker", manifest) == 1
    assert "'ann': train 1 (1), test 1 (2)" in capsys.readouterr().out
    assert split("--check", "--by", "session", manifest) == 0


def test_a_line_that_is_no_row_does_not_keep_the_others_from_being_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = write(tmp_path / "some.jsonl", [{"id": "1", "speaker": "ann", "split": "train"}])
    with manifest.open("a") as file:
        file.write("{\n")
    assert split("--check", "--by", "speaker", manifest) == 2
    out, err = capsys.readouterr()
    assert "speaker: on one side each" in out
    assert "some.jsonl, line 2: " in err
    with manifest.open("a") as file:
        file.write('{"audio_filepath": "b.flac", "duration": 1, "speaker": "ann", "split": "test"}\n')
    assert split("--check", "--by", "speaker", manifest) == 1


def test_hostile_rows_are_split_and_codes_for_the_terminal_do_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[dict[str, object]] = [
        {"id": "\x1b[2J", "speaker": {"a": ["b"]}, "split": 7, "fingerprint": "1:00", "recorded_at": {"a": 1}},
        {"id": "2", "speaker": {"a": ["b"]}, "split": "test; rm", "session": ""},
        {"id": "3", "speaker": "x" * 10_000},
    ]
    manifest = write(tmp_path / "hostile.jsonl", rows)
    assert split(manifest, "--out", tmp_path / "parts", "--train", "1", "--dev", "0", "--test", "0") == 0
    assert len(lines(tmp_path / "parts" / "train.jsonl")) == 3
    leaky = write(tmp_path / "leaky.jsonl", [{**rows[0], "split": "train"}, {**rows[1], "split": "test"}])
    assert split("--check", leaky) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_rows_without_a_date_are_named_where_dates_decide(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[dict[str, object]] = [
        {"id": "1", "recorded_at": "2026-08-01", "speaker": "ann"},
        {"id": "2", "recorded_at": "2026-09-02", "speaker": "ann"},
        {"id": "3"},
    ]
    manifest = write(tmp_path / "dated.jsonl", rows)
    arguments = ("--out", tmp_path / "parts", "--by", "speaker", "--test-from", "2026-09-01")
    assert split(manifest, *arguments) == 2
    out, err = capsys.readouterr()
    assert "line 3: `recorded_at` must be a date" in err
    assert "1 rows are in no part" in out
    assert [row["id"] for row in lines(tmp_path / "parts" / "test.jsonl")] == ["2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.jsonl", "--out", "x"], "absent.jsonl"),
        ([CLIPS / "manifest.jsonl"], "--out"),
        ([CLIPS / "manifest.jsonl", "--out", "x", "--train", "0.5"], "add up to 1"),
        ([CLIPS / "manifest.jsonl", "--out", "x", "--test-from", "soon"], "soon"),
        ([CLIPS / "manifest.jsonl", "--out", "x", "--dev-from", "2026-01-01"], "date for dev"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(
    arguments: list[str | Path], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert split(*arguments) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert message in err
