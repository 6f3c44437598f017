import re
import subprocess
import sys
from pathlib import Path

import pytest

from asr.errors import InvalidRegistry, UnknownModel
from asr.registry import HubSource, LocalSource, Task, WheelSource, read_registry

GOOD = """
[model.own]
engine = "own-engine"
task = "recognizer"
license = "CC-BY-4.0"
languages = ["de"]
description = "ours"
calibration = {slope = 2, intercept = -0.5}

[[model.own.files]]
name = "weights.bin"
source = "file://weights/weights.bin"
sha256 = "%s"
size_bytes = 7
""" % ("a" * 64)


def registry_file(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text)
    return path


def test_every_packaged_model_has_a_licence_and_the_defaults_are_of_their_task() -> None:
    registry = read_registry()
    assert {model.license for model in registry.models.values()} == {"MIT"}
    assert {task: registry.find(name).task for task, name in registry.defaults.items()} == {task: task for task in Task}


def test_packaged_source_names_wheel_and_member() -> None:
    source = read_registry().find("silero-vad-16k").files[0].source
    assert isinstance(source, WheelSource)
    assert str(source) == "pypi://silero-vad==6.2.3#silero_vad/data/silero_vad_16k_sequence.onnx"


def test_own_file_is_merged_and_its_sources_are_relative_to_it(tmp_path: Path) -> None:
    registry = read_registry(registry_file(tmp_path, '[default]\nrecognizer = "own"\n' + GOOD))
    own = registry.find("own")
    assert own.calibration == {"slope": 2.0, "intercept": -0.5}
    assert own.files[0].source == LocalSource(tmp_path / "weights/weights.bin")
    assert registry.defaults == {Task.RECOGNIZER: "own", Task.VAD: "silero-vad-16k"}


def test_own_file_may_stand_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESEARCH_MODELS", str(registry_file(tmp_path, GOOD)))
    assert "own" in read_registry().models


def test_hub_source_is_taken_apart(tmp_path: Path) -> None:
    text = GOOD.replace("file://weights/weights.bin", "hf://someone/some-model@v1.0/sub/weights.bin")
    source = read_registry(registry_file(tmp_path, text)).find("own").files[0].source
    assert source == HubSource("someone/some-model", "v1.0", "sub/weights.bin")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('license = "CC-BY-4.0"', "", "`license` is required"),
        ('license = "CC-BY-4.0"', 'license = " "', "`license` is required"),
        ('license = "CC', 'licence = "CC', "unknown key `licence`"),
        ('"recognizer"', '"painter"', "`task` is 'painter'"),
        ("a" * 64, "a" * 63, "`sha256`"),
        ("size_bytes = 7", "size_bytes = 0", "`size_bytes`"),
        ("size_bytes = 7", "size_bytes = true", "`size_bytes`"),
        ('"weights.bin"', '"../weights.bin"', "`name`"),
        ("[model.own]", '[model.own]\nfiles = "all"', "not TOML"),
        ("file://weights", "ftp://weights", "is none of hf://"),
        ("file://weights/", "pypi://absent==1#", "no table"),
        ("slope = 2", 'slope = "steep"', "`slope` must be a number"),
        ('["de"]', '"de"', "`languages`"),
        (GOOD, "[model", "not TOML"),
        (GOOD, "model = 3", "must be a table"),
        (GOOD, '[default]\nvad = "moonshine-tiny-en"', "is not a registered vad"),
    ],
)
def test_faults_are_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidRegistry, match=re.escape(complaint)):
        read_registry(registry_file(tmp_path, GOOD.replace(old, new)))


def test_absent_and_binary_registry_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRegistry, match="No such file"):
        read_registry(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidRegistry, match="not TOML"):
        read_registry(tmp_path / "binary.toml")


def test_unknown_model_names_the_closest() -> None:
    with pytest.raises(UnknownModel, match="did you mean moonshine-tiny-en"):
        read_registry().find("moonshine-tiny")


def test_importing_registry_and_cache_loads_no_network_library() -> None:
    program = "import sys, asr.registry, asr.cache; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"httpx", "click", "rich", "sqlalchemy"}.isdisjoint(loaded.stdout.split())
