"""The pages on data sets and evaluation are true: their examples run, and every command and option is on them."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from asr.cache import pull
from serving.cli import main
from serving.commands.data import COMMANDS
from serving.commands.evaluate import evaluate
from tests.conftest import CLIPS

DOCS = Path(__file__).parents[2] / "docs"
DATA, EVALUATION = (DOCS / "data.md").read_text(), (DOCS / "evaluation.md").read_text()


def commands(page: str) -> list[list[str]]:
    [block] = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    return [shlex.split(line)[1:] for line in block.splitlines()]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings, their texts beside them."""
    for model_id in ("moonshine-tiny-en", "silero-vad-16k", "whisper-tiny-en-ct2"):
        pull(model_id)
    folder = tmp_path_factory.mktemp("docs")
    (folder / "recordings").mkdir()
    for line in (CLIPS / "manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        path = CLIPS / row["audio_filepath"]
        (folder / "recordings" / path.name).write_bytes(path.read_bytes())
        (folder / "recordings" / path.with_suffix(".txt").name).write_text(row["text"])
    return folder


def run_all(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    for command in commands(page):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 0, (command, capsys.readouterr().err)


@pytest.mark.slow
def test_the_way_from_recordings_to_results(
    recordings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_all(DATA, recordings, monkeypatch, capsys)
    steps = json.loads((recordings / "sets" / "card.json").read_text())["steps"]
    assert [step["name"] for step in steps] == ["ingest", "clip", "normalize", "clean", "split"]


@pytest.mark.slow
def test_the_examples_of_evaluation(
    recordings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [json.loads(line) for line in (CLIPS / "manifest.jsonl").read_text().splitlines()][:12]
    test = [{**row, "audio_filepath": str(CLIPS / row["audio_filepath"]), "device_model": "a"} for row in rows]
    (recordings / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in test))
    heard = [{"audio_filepath": row["audio_filepath"], "text": "hello"} for row in test]
    noise = sorted((CLIPS / "noise").iterdir())[:2]
    (recordings / "noise").mkdir()
    for path in noise:
        (recordings / "noise" / path.name).write_bytes(path.read_bytes())
        heard.append({"audio_filepath": str((recordings / "noise" / path.name).resolve()), "text": ""})
    (recordings / "vendor.jsonl").write_text("".join(json.dumps(row) + "\n" for row in heard))
    run_all(EVALUATION, recordings, monkeypatch, capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_on_the_page(command: str) -> None:
    assert f"\n| `{command}` |" in DATA


@pytest.mark.parametrize("option", [p.opts[0] for p in evaluate.params if isinstance(p, click.Option)])
def test_every_option_of_evaluate_is_on_the_page(option: str) -> None:
    assert f"`{option}`" in EVALUATION or option == "--out"
