"""`voicesearch monitor backtest` on a few recordings and short streams."""

import json
from pathlib import Path

import pytest

from asr.cache import pull
from serving.cli import main
from tests.conftest import CLIPS


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["monitor", "backtest", *map(str, arguments)])
    said = capsys.readouterr()
    return int(str(ended.value.code)), said.out, said.err


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A manifest of three spoken queries."""
    lines = [json.loads(line) for line in (CLIPS / "manifest.jsonl").read_text().splitlines()]
    wanted = [one for one in lines if one["source"] == "voice_queries"][:3]
    for one in wanted:
        one["audio_filepath"] = str(CLIPS / one["audio_filepath"])
    path = tmp_path / "few.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in wanted))
    return path


@pytest.mark.slow
def test_it_measures_judges_and_writes(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("COLUMNS", "200")
    for model_id in ("moonshine-tiny-en", "silero-vad-16k"):
        pull(model_id)
    options = ["--manifest", few, "--measured", tmp_path / "m.jsonl", "--draws", 2, "--requests", 3000, "--steady"]
    options += ["--hours", 2, "--system", "cusum", "--system", "fixed-threshold", "--scenario", "onset-100ms"]
    code, table, progress = run(capsys, *options, "--out", tmp_path / "out")
    assert code == 0
    assert "learns what is normal: " in progress
    assert "judged on streams" in progress
    assert "onset-100ms" in table
    assert "nothing is wrong" in table
    code, printed, _ = run(capsys, *options, "--json")
    assert json.loads(printed) == json.loads((tmp_path / "out" / "summary.json").read_text())
    found = json.loads(printed)["scenarios"]["onset-100ms"]["cusum, as documented"]
    assert found["faults"] == 2
    assert found["missed"] == 0
    assert (tmp_path / "out" / "delays.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--system", "oracle"), "'oracle' is none of: monitor, cusum"),
        (("--scenario", "flood"), "'flood' is none of: onset-50ms"),
        (("--draws", "0"), "0 is not in the range"),
        (("--manifest", "absent.jsonl"), "does not exist"),
    ],
)
def test_bad_options_are_told(arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed, complaint = run(capsys, *arguments)
    assert (code, printed) == (2, "")
    assert told in complaint
    assert "Traceback" not in complaint


def test_a_manifest_without_queries_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    code, _, complaint = run(capsys, "--manifest", tmp_path / "empty.jsonl")
    assert code == 2
    assert "no recording" in complaint
