import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asr.cache import derived, locate, pull, verify
from asr.errors import CorruptModel, ModelUnavailable, UnknownModel
from asr.registry import Registry, read_registry

PARTS = {"encoder.onnx": b"encoder" * 1000, "tokenizer.bin": b"tokens"}


def model_of(folder: Path, parts: dict[str, bytes]) -> Registry:
    text = '[model.tiny]\nengine = "none"\ntask = "recognizer"\nlicense = "MIT"\nlanguages = []\ndescription = "tiny"\n'
    for name, content in parts.items():
        text += f'[[model.tiny.files]]\nname = "{name}"\nsource = "file://{name}"\n'
        text += f'sha256 = "{hashlib.sha256(content).hexdigest()}"\nsize_bytes = {len(content)}\n'
    (folder / "own.toml").write_text(text)
    return read_registry(folder / "own.toml")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICESEARCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/models/tiny"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    for name, content in PARTS.items():
        (tmp_path / name).write_bytes(content)
    return model_of(tmp_path, PARTS)


def test_pull_then_locate_then_verify(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="run `voicesearch models pull tiny`"):
        locate("tiny", registry)
    files = pull("tiny", registry=registry)
    assert {name: files.path(name).read_bytes() for name in PARTS} == PARTS
    (tmp_path / "encoder.onnx").unlink()
    assert pull("tiny", registry=registry) == locate("tiny", registry) == verify("tiny", registry) == files
    assert not list((tmp_path / "cache/models/.staging").iterdir())


def test_damage_is_seen_by_verify_and_mended_by_pull(registry: Registry, cache: Path) -> None:
    pull("tiny", registry=registry)
    (cache / "tokenizer.bin").write_bytes(b"tokenz")
    locate("tiny", registry)
    with pytest.raises(CorruptModel, match=r"tokenizer\.bin: sha256 is"):
        verify("tiny", registry)
    with pytest.raises(CorruptModel):
        pull("tiny", registry=registry, offline=True)
    pull("tiny", registry=registry)
    verify("tiny", registry)


@pytest.mark.parametrize("name", ["encoder.onnx", ".complete.json"])
def test_model_that_lacks_a_file_is_absent(registry: Registry, cache: Path, name: str) -> None:
    pull("tiny", registry=registry)
    (cache / name).unlink()
    with pytest.raises(ModelUnavailable):
        locate("tiny", registry)


def test_wrong_file_never_enters_the_cache(registry: Registry, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.bin").write_bytes(b"tokenz")
    with pytest.raises(CorruptModel):
        pull("tiny", registry=registry)
    assert [path.name for path in cache.iterdir()] == ["encoder.onnx"]


def test_changed_entry_of_the_same_size_is_fetched_anew(registry: Registry, tmp_path: Path) -> None:
    old = pull("tiny", registry=registry)
    (tmp_path / "tokenizer.bin").write_bytes(b"TOKENS")
    changed = model_of(tmp_path, PARTS | {"tokenizer.bin": b"TOKENS"})
    with pytest.raises(ModelUnavailable):
        locate("tiny", changed)
    new = pull("tiny", registry=changed)
    assert new.path("tokenizer.bin").read_bytes() == b"TOKENS"
    assert new.fingerprint != old.fingerprint


def test_offline_takes_what_is_there_or_fails_at_once(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESEARCH_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="offline"):
        pull("tiny", registry=registry)
    files = pull("tiny", registry=registry, offline=False)
    assert pull("tiny", registry=registry) == files


def test_unknown_model_and_folder_that_cannot_be_written(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownModel):
        pull("absent", registry=registry)
    monkeypatch.setenv("VOICESEARCH_CACHE", str(tmp_path / "tokenizer.bin"))
    with pytest.raises(ModelUnavailable, match="cannot store"):
        pull("tiny", registry=registry)


def test_processes_that_pull_at_once_all_get_the_model(registry: Registry, tmp_path: Path) -> None:
    own = str(tmp_path / "own.toml")
    program = f"import os; os.environ['VOICESEARCH_MODELS'] = {own!r}; from asr.cache import pull; pull('tiny')"
    started = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [process.wait() for process in started] == [0] * 4
    verify("tiny", registry)


def test_derived_file_is_built_once_for_each_version(registry: Registry) -> None:
    files = pull("tiny", registry=registry)
    built: list[Path] = []

    def build(path: Path) -> None:
        built.append(path)
        path.write_bytes(files.path("encoder.onnx").read_bytes().upper())

    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda _: derived(files, "graph.onnx", build, version="1"), range(8)))
    assert len(built) == len(paths) == 1
    assert paths.pop().read_bytes() == PARTS["encoder.onnx"].upper()
    derived(files, "graph.onnx", build, version="2")
    assert len(built) == 2


def test_failed_build_leaves_nothing_and_may_be_tried_again(registry: Registry, cache: Path) -> None:
    files = pull("tiny", registry=registry)

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        derived(files, "graph.onnx", fail, version="1")
    assert not [path for path in (cache / ".derived").rglob("*") if path.is_file()]
    assert derived(files, "graph.onnx", lambda path: path.touch(), version="1").exists()
