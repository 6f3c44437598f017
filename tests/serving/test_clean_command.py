"""`voicesearch data clean` as a user calls it."""

import json
from pathlib import Path

import pytest

from serving.cli import main
from tests.conftest import CLIPS


def clean(*arguments: str | Path) -> object:
    with pytest.raises(SystemExit) as left:
        main(["data", "clean", *map(str, arguments)])
    return left.value.code


def test_real_labels_are_cleaned_and_every_rule_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean(CLIPS / "manifest.jsonl", "--out", tmp_path / "cleaned") == 0
    out, err = capsys.readouterr()
    report = json.loads((tmp_path / "cleaned" / "clean.json").read_text())
    rows = [json.loads(line) for line in (tmp_path / "cleaned" / "manifest.jsonl").read_text().splitlines()]
    before = [json.loads(line) for line in (CLIPS / "manifest.jsonl").read_text().splitlines()]
    assert [row["raw_text"] for row in rows] == [row["text"] for row in before]
    assert {row["convention"] for row in rows} == {"search@1"}
    case = next(rule for rule in report["counts"]["rules"] if rule["rule"] == "case")
    assert case["rows"] == sum(row["text"] != row["text"].lower() for row in before)
    assert "punctuation" in out
    assert "common_voice" in out
    assert f"{len(rows)} rows" in err


def test_texts_of_fillers_only_are_named_and_codes_for_the_terminal_do_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"audio_filepath": "a.flac", "duration": 1, "text": "Um...", "id": "the-one"}]
    rows += [{"audio_filepath": "b.flac", "duration": 1, "text": "[red]Yes[/] \x1b[2J", "labeler": "[/]"}]
    manifest = tmp_path / "labels.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert clean(manifest, "--out", tmp_path / "cleaned") == 0
    out, err = capsys.readouterr()
    assert "1 texts are empty now" in err
    assert "the-one" in err
    assert "[red]Yes[/]" in out
    assert "\x1b[2J" not in out


def test_a_line_that_is_no_row_is_told_and_the_others_are_cleaned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "labels.jsonl"
    manifest.write_text('{"audio_filepath": "a.flac", "duration": 1, "text": "Yes"}\n{"audio_filepath": "b.fl')
    assert clean(manifest, "--out", tmp_path / "cleaned") == 2
    assert "line 2" in capsys.readouterr().err
    assert json.loads((tmp_path / "cleaned" / "manifest.jsonl").read_text())["text"] == "yes"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.jsonl"], "absent.jsonl"),
        ([CLIPS / "manifest.jsonl", "--convention", "shouting"], "shouting"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(
    arguments: list[str | Path], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(*arguments, "--out", tmp_path / "cleaned") == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert message in err
