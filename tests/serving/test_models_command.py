import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from serving.commands.models import models


@pytest.fixture(autouse=True)
def own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file behind a registered model `tiny`, with an empty cache."""
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"weights")
    (tmp_path / "own.toml").write_text(
        '[model.tiny]\nengine = "none"\ntask = "recognizer"\nlicense = "MIT"\nlanguages = []\n'
        'description = "tiny"\n[[model.tiny.files]]\nname = "weights.bin"\nsource = "file://weights.bin"\n'
        f'sha256 = "{hashlib.sha256(b"weights").hexdigest()}"\nsize_bytes = 7\n'
    )
    monkeypatch.setenv("VOICESEARCH_MODELS", str(tmp_path / "own.toml"))
    monkeypatch.setenv("VOICESEARCH_CACHE", str(tmp_path / "cache"))
    return weights


def voicesearch(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from serving.cli import main; main()"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)


def test_list_shows_all_in_a_table_and_in_json() -> None:
    table = CliRunner().invoke(models, ["list"])
    assert table.exit_code == 0
    rows = json.loads(CliRunner().invoke(models, ["list", "--json"]).stdout)
    assert all(row["id"] in table.stdout and row["license"] for row in rows)
    assert [row["id"] for row in rows if row["default"]] == ["moonshine-tiny-en", "silero-vad-16k"]
    assert not any(row["cached"] for row in rows)


def test_pull_verify_damage_pull() -> None:
    pulled = json.loads(CliRunner().invoke(models, ["pull", "tiny", "--json"]).stdout)
    copy = Path(pulled[0]["folder"]) / "weights.bin"
    assert copy.read_bytes() == b"weights"
    assert CliRunner().invoke(models, ["verify"]).stdout == "tiny  intact\n"
    copy.write_bytes(b"WEIGHTS")
    damaged = voicesearch("models", "verify", "--json")
    assert damaged.returncode == 2
    assert "sha256 is" in json.loads(damaged.stdout)[0]["fault"]
    assert CliRunner().invoke(models, ["pull", "tiny"]).exit_code == 0
    assert CliRunner().invoke(models, ["verify", "tiny"]).exit_code == 0


def test_pull_without_id_takes_the_defaults(tmp_path: Path) -> None:
    with (tmp_path / "own.toml").open("a") as own:
        own.write('[default]\nrecognizer = "tiny"\n')
    refused = CliRunner().invoke(models, ["pull"], env={"VOICESEARCH_OFFLINE": "1"})
    assert "tiny is not in" in str(refused.exception)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["pull", "tinny"], "did you mean tiny?"),
        (["pull", "tiny", "--all"], "not both"),
        (["verify", "tiny"], "run `voicesearch models pull tiny`"),
        (["list", "--registry", "absent.toml"], "does not exist"),
        (["pull", "--fast"], "No such option"),
    ],
)
def test_failure_is_one_line_and_exit_code_2(arguments: list[str], complaint: str) -> None:
    done = voicesearch("models", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert complaint in done.stderr


def test_corrupt_source_is_one_line(own_model: Path) -> None:
    own_model.write_bytes(b"WEIGHTS")
    done = voicesearch("models", "pull", "tiny")
    assert done.returncode == 2
    assert "expected" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["list", "pull", "verify"])
def test_help_has_an_example(command: str) -> None:
    text = CliRunner().invoke(models, [command, "--help"]).stdout
    assert f"Example: voicesearch models {command}" in " ".join(text.split())
