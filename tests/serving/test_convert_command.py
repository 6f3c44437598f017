"""`voicesearch data convert` as a user calls it."""

import json
from pathlib import Path

import datasets
import pytest
from lhotse import CutSet

from tests.conftest import CLIPS
from tests.serving.in_process import Command, data_command


@pytest.fixture
def convert(capsys: pytest.CaptureFixture[str]) -> Command:
    return data_command("convert", capsys)


def rows_of(manifest: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in manifest.read_text().splitlines()]


@pytest.mark.parametrize("form", ["lhotse", "huggingface"])
def test_real_recordings_go_out_and_come_back(
    convert: Command, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terms = ("--source", "purchased", "--consent", "asked", "--map", "corpus=source", "--workers", "1")
    taken = data_command("ingest", capsys)(CLIPS / "manifest.jsonl", "--out", tmp_path / "in", *terms)
    assert taken.returncode == 0, taken.stderr
    out = convert(tmp_path / "in" / "manifest.jsonl", "--to", form, "--out", tmp_path / "out")
    assert (out.returncode, out.stderr) == (0, f"66 rows -> {tmp_path / 'out'}\n")
    if form == "lhotse":
        assert len(list(CutSet.from_file(tmp_path / "out" / "cuts.jsonl.gz"))) == 66
    else:
        assert len(datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "c"), split="train")) == 66
    back = convert(tmp_path / "out", "--to", "manifest", "--out", tmp_path / "back")
    assert back.returncode == 0, back.stderr
    before, after = (rows_of(tmp_path / name / "manifest.jsonl") for name in ("in", "back"))
    if form == "lhotse":
        assert after == before
    for name in ("id", "text", "corpus", "license", "consent", "speaker", "sha256"):
        assert [row.get(name) for row in after] == [row.get(name) for row in before]
    first, last = json.loads((tmp_path / "back" / "card.json").read_text())["steps"]
    assert first == json.loads((tmp_path / "in" / "card.json").read_text())["steps"][0]
    assert (last["name"], last["settings"]) == ("convert", {"form": form, "columns": {}})
    again = convert(tmp_path / "out", "--to", "manifest", "--out", tmp_path / "back")
    assert "was there already" in again.stderr


def test_rows_that_cannot_be_converted_are_told(convert: Command, tmp_path: Path, query_clip: Path) -> None:
    (tmp_path / "good.flac").write_bytes(query_clip.read_bytes())
    lines = [{"audio_filepath": f"{name}.flac", "duration": 2.219, "text": "x"} for name in ("good", "absent")]
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
    for form in ("lhotse", "huggingface"):
        done = convert(tmp_path / "manifest.jsonl", "--to", form, "--out", tmp_path / form)
        assert done.returncode == 2
        assert "line 2: absent.flac: No such file" in done.stderr
        assert "1 rows ->" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent", "--to", "lhotse"], "absent"),
        ([CLIPS, "--to", "lhotse"], "takes a manifest"),
        ([CLIPS / "manifest.jsonl", "--to", "lhotse", "--map", "a=b"], "neither --map"),
        ([CLIPS / "manifest.jsonl", "--to", "manifest"], "neither a set of Lhotse"),
        ([CLIPS / "LICENSES.md", "--to", "huggingface"], "no row that can be converted"),
        ([CLIPS / "manifest.jsonl", "--to", "kaldi"], "kaldi"),
        ([CLIPS, "--to", "manifest", "--map", "a"], "NAME=VALUE"),
    ],
)
def test_a_bad_option_is_told_and_exit_code_2(
    convert: Command, arguments: list[str | Path], message: str, tmp_path: Path
) -> None:
    failed = convert(*arguments, "--out", tmp_path / "out")
    assert failed.returncode == 2
    assert message in failed.stderr.splitlines()[-1]
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "out").exists()
