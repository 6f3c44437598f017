"""Which models are registered: their licence, and for each file its source and what its bytes must be.

Reads the packaged `models.toml` and, over it, a user's own file of the same form: a model of the same id
replaces the packaged one, a key of `[default]` the packaged key. Knows neither the cache nor the network.

    [default]
    recognizer = "moonshine-tiny-en"    # what is used where no model is named
    vad = "silero-vad-16k"

    [model.moonshine-tiny-en]
    engine = "moonshine-onnx"
    task = "recognizer"                 # or "vad"
    license = "MIT"                     # required
    languages = ["en"]                  # empty: any
    description = "..."
    calibration = {slope = 1.0, intercept = 0.0}   # optional, names: asr.confidence.Calibration
    phantoms = ["you"]                  # optional, what the model writes where nobody speaks

    [[model.moonshine-tiny-en.files]]
    name = "tokenizer.bin"
    source = "pypi://moonshine-voice==0.0.73#moonshine_voice/assets/tiny-en/tokenizer.bin"
    sha256 = "..."
    size_bytes = 249974

A source is `hf://owner/name@revision/path`, `pypi://name==version#path/in/wheel` (the wheel then has a table
`[wheel."name==version"]` with `sha256`, `size_bytes`, `platform`, `python_version`), or `file://path`, which
is relative to the registry file unless absolute.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from asr.errors import InvalidRegistry, UnknownModel
from asr.toml_table import TomlTable

PACKAGED_REGISTRY: Final = Path(__file__).with_name("models.toml")

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HUB: Final = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[\w.-]+)/(?P<path>[^?#]+)")
_PYPI: Final = re.compile(r"pypi://(?P<requirement>[A-Za-z0-9][\w.-]*==[\w.+!-]+)#(?P<path>.+)")


class Task(StrEnum):
    """What a model is for."""

    RECOGNIZER = "recognizer"
    VAD = "vad"


@dataclass(frozen=True, slots=True)
class HubSource:
    """A file in a repository of the Hugging Face hub."""

    repo: str
    revision: str
    path: str

    def __str__(self) -> str:
        return f"hf://{self.repo}@{self.revision}/{self.path}"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A Python wheel that carries model files; it is never installed."""

    requirement: str
    """`name==version`."""
    sha256: str
    size_bytes: int
    platform: str
    """Platform tag asked for, whatever machine this is."""
    python_version: str


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A file inside a wheel."""

    wheel: Wheel
    path: str

    def __str__(self) -> str:
        return f"pypi://{self.wheel.requirement}#{self.path}"


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A file of this machine."""

    path: Path
    """Absolute."""

    def __str__(self) -> str:
        return f"file://{self.path}"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    name: str
    """Its name in the cache, without folders."""
    source: HubSource | WheelSource | LocalSource
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Model:
    """One registered model."""

    id: str
    engine: str
    task: Task
    license: str
    languages: tuple[str, ...]
    """BCP 47 tags; empty for any language."""
    description: str
    files: tuple[ModelFile, ...]
    calibration: Mapping[str, float]
    phantoms: tuple[str, ...]
    """What the model writes where nobody speaks: lower case, letters and single spaces."""

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Registry:
    """All registered models."""

    models: Mapping[str, Model]
    defaults: Mapping[Task, str]
    """The model taken for each task where none is named."""

    def find(self, model_id: str) -> Model:
        """The model of that id.

        Raises UnknownModel, which names the known ones and the closest.
        """
        if model_id in self.models:
            return self.models[model_id]
        close = difflib.get_close_matches(model_id, self.models, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise UnknownModel(f"no model {model_id!r} is registered (known: {', '.join(self.models)}){hint}")


def read_registry(own: Path | None = None) -> Registry:
    """The packaged registry with the user's `own` file over it.

    Where `own` is not given, the environment's VOICESEARCH_MODELS names it. Raises InvalidRegistry.
    """
    if own is None and os.environ.get("VOICESEARCH_MODELS"):
        own = Path(os.environ["VOICESEARCH_MODELS"]).expanduser()
    models: dict[str, Model] = {}
    defaults: dict[Task, str] = {}
    for path in (PACKAGED_REGISTRY, own):
        if path is not None:
            table = _load(path)
            models |= _models(table, path.absolute().parent)
            defaults |= {Task(task): table.table("default").text(task) for task in table.table("default").keys}
    for task, model_id in defaults.items():
        if model_id not in models or models[model_id].task != task:
            raise InvalidRegistry(f"default {task}: {model_id!r} is not a registered {task}")
    return Registry(models, defaults)


def _load(path: Path) -> TomlTable:
    try:
        table = TomlTable(str(path), tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidRegistry(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise InvalidRegistry(f"{path}: not TOML: {error}") from error
    table.allow("default", "wheel", "model")
    table.table("default").allow(*Task)
    return table


def _models(table: TomlTable, folder: Path) -> dict[str, Model]:
    wheels = {name: _wheel(name, values) for name, values in table.table("wheel").tables()}
    return {name: _model(name, values, wheels, folder) for name, values in table.table("model").tables()}


def _wheel(requirement: str, table: TomlTable) -> Wheel:
    table.allow("sha256", "size_bytes", "platform", "python_version")
    return Wheel(
        requirement,
        table.text("sha256", _SHA256),
        table.positive("size_bytes"),
        table.text("platform", _PLAIN_NAME),
        table.text("python_version", _PLAIN_NAME),
    )


def _model(model_id: str, table: TomlTable, wheels: Mapping[str, Wheel], folder: Path) -> Model:
    table.allow("engine", "task", "license", "languages", "description", "files", "calibration", "phantoms")
    if not _PLAIN_NAME.fullmatch(model_id):
        raise table.fault("an id has letters, digits, '.', '_' and '-' only")
    files = tuple(_file(row, wheels, folder) for row in table.rows("files"))
    if len({file.name for file in files}) < len(files):
        raise table.fault("two files have the same name")
    return Model(
        id=model_id,
        engine=table.text("engine"),
        task=Task(table.text("task", re.compile("|".join(Task)))),
        license=table.text("license"),
        languages=table.texts("languages"),
        description=table.text("description"),
        files=files,
        calibration=table.table("calibration").numbers(),
        phantoms=table.texts("phantoms") if "phantoms" in table.keys else (),
    )


def _file(table: TomlTable, wheels: Mapping[str, Wheel], folder: Path) -> ModelFile:
    table.allow("name", "source", "sha256", "size_bytes")
    return ModelFile(
        table.text("name", _PLAIN_NAME),
        _source(table, wheels, folder),
        table.text("sha256", _SHA256),
        table.positive("size_bytes"),
    )


def _source(table: TomlTable, wheels: Mapping[str, Wheel], folder: Path) -> HubSource | WheelSource | LocalSource:
    uri = table.text("source")
    if match := _HUB.fullmatch(uri):
        return HubSource(match["repo"], match["revision"], match["path"])
    if match := _PYPI.fullmatch(uri):
        if match["requirement"] not in wheels:
            raise table.fault(f'{uri}: there is no table [wheel."{match["requirement"]}"]')
        return WheelSource(wheels[match["requirement"]], match["path"])
    if uri.startswith("file://") and len(uri) > len("file://"):
        return LocalSource(folder / unquote(uri.removeprefix("file://")))
    raise table.fault(f"{uri!r} is none of hf://owner/name@revision/path, pypi://name==version#path, file://path")
