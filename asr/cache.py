"""The models of this machine: complete on disk or absent, never half there.

    <cache>/models/<id>/<files>                only verified files are renamed in
    <cache>/models/<id>/.complete.json         written last: with it the model is complete
    <cache>/models/<id>/.derived/<key>/<file>  made from the files, see `derived`
    <cache>/models/.staging/<id>/              downloads on their way
    <cache>/models/.locks/<id>                 one process at a time pulls or derives

`<cache>` is VOICESEARCH_CACHE or `~/.cache/voicesearch`. Hashes are checked by `pull` and `verify`; `locate`
looks at presence and size only, so that a server starts at once. Does not know where bytes come from.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from asr.errors import CorruptModel, ModelError, ModelUnavailable
from asr.fetch import Progress, check, fetch
from asr.registry import Model, Registry, read_registry


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model whose files are all in the cache."""

    model: Model
    folder: Path
    """Holds the files under their registered names."""

    def path(self, name: str) -> Path:
        """The file registered under that name."""
        return self.folder / name

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change when any file's bytes do."""
        hashes = "".join(sorted(f"{file.name}:{file.sha256}\n" for file in self.model.files))
        return hashlib.sha256(hashes.encode()).hexdigest()[:12]


def models_folder() -> Path:
    """Where the models stand; it need not exist."""
    return Path(os.environ.get("VOICESEARCH_CACHE") or "~/.cache/voicesearch").expanduser() / "models"


def is_offline() -> bool:
    """Does VOICESEARCH_OFFLINE forbid the network?"""
    return os.environ.get("VOICESEARCH_OFFLINE", "").lower() in {"1", "true", "yes", "on"}


def locate(model_id: str, registry: Registry | None = None) -> ModelFiles:
    """The model's files, found by presence and size, in well under a millisecond a file.

    Raises UnknownModel, or ModelUnavailable with the command that helps.
    """
    model = (registry or read_registry()).find(model_id)
    files = ModelFiles(model, models_folder() / model_id)
    if not _is_complete(files):
        raise ModelUnavailable(f"{model_id} is not in {files.folder}: run `voicesearch models pull {model_id}`")
    return files


def verify(model_id: str, registry: Registry | None = None) -> ModelFiles:
    """The model's files, every hash checked.

    Raises UnknownModel, ModelUnavailable or CorruptModel.
    """
    files = locate(model_id, registry)
    for file in files.model.files:
        path = files.path(file.name)
        check(path, str(path), sha256=file.sha256, size_bytes=file.size_bytes)
    return files


def no_progress(name: str, *, done_bytes: int, total_bytes: int) -> None:
    """Tell nobody."""


def pull(
    model_id: str,
    *,
    progress: Progress = no_progress,
    offline: bool | None = None,
    registry: Registry | None = None,
) -> ModelFiles:
    """The model's files, fetched where the cache lacks them or holds damaged ones.

    `offline` (default: VOICESEARCH_OFFLINE) takes what is cached or fails at once. Several processes may pull
    the same model: one fetches, the others wait for it. Raises UnknownModel, ModelUnavailable or CorruptModel.
    """
    registry = registry or read_registry()
    files = ModelFiles(registry.find(model_id), models_folder() / model_id)
    offline = is_offline() if offline is None else offline
    if offline and not _is_complete(files):
        raise ModelUnavailable(f"{model_id} is not in {files.folder}, and offline mode forbids to fetch it")
    try:
        return verify(model_id, registry)
    except (ModelUnavailable, CorruptModel):
        if offline:
            raise
    try:
        with _alone(model_id):
            return _fill(files, models_folder() / ".staging" / model_id, progress)
    except ModelError:
        raise
    except OSError as error:
        raise ModelUnavailable(f"cannot store {files.folder}: {error.strerror or error}") from error


def derived(files: ModelFiles, name: str, build: Callable[[Path], None], *, version: str) -> Path:
    """One file made from the model's files, such as a rebuilt graph, kept beside them.

    `build(path)` writes it, on the first call only, with several processes too; it is seen when it is
    finished. A new `version` of the builder, or other model files, make a new one. What `build` raises passes.
    """
    target = files.folder / ".derived" / f"{version}-{files.fingerprint}" / name
    if not target.exists():
        with _alone(files.model.id):
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                with TemporaryDirectory(dir=target.parent, prefix=".") as folder:
                    build(Path(folder) / name)
                    (Path(folder) / name).replace(target)
    return target


def _is_complete(files: ModelFiles) -> bool:
    try:
        manifest = json.loads(_manifest(files).read_text())
        sizes = [files.path(file.name).stat().st_size for file in files.model.files]
    except (OSError, ValueError):
        return False
    return manifest == _hashes(files.model) and sizes == [file.size_bytes for file in files.model.files]


def _manifest(files: ModelFiles) -> Path:
    return files.folder / ".complete.json"


def _hashes(model: Model) -> dict[str, str]:
    """What the manifest holds: an entry that changed in the registry is no longer complete."""
    return {file.name: file.sha256 for file in model.files}


def _fill(files: ModelFiles, staging: Path, progress: Progress) -> ModelFiles:
    """Fetch what is missing or damaged; another process may have done it while this one waited."""
    for folder in (files.folder, staging):
        folder.mkdir(parents=True, exist_ok=True)
    for file in files.model.files:
        path = files.path(file.name)
        try:
            check(path, file.name, sha256=file.sha256, size_bytes=file.size_bytes)
        except (FileNotFoundError, CorruptModel):
            _manifest(files).unlink(missing_ok=True)
            fetch(file, staging, progress).replace(path)
    if not _is_complete(files):
        draft = staging / "manifest"
        draft.write_text(json.dumps(_hashes(files.model), indent=1))
        draft.replace(_manifest(files))
    shutil.rmtree(staging, ignore_errors=True)
    return files


@contextmanager
def _alone(model_id: str) -> Iterator[None]:
    """Wait until no other process or thread is here for this model; a killed one loses the lock."""
    lock = models_folder() / ".locks" / model_id
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
