"""Opens what a layout has found: is it there, is it sound, how long is it, which bytes are they.

Knows that nothing outside the collection's folder is opened, wherever a path or a link leads.
"""

import os
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from asr.decode import decode
from asr.errors import AudioError
from data_pipeline.card import file_sha256
from data_pipeline.dataset import MANIFEST
from data_pipeline.errors import reason_of
from data_pipeline.files import write_whole
from data_pipeline.ingest.found import Found
from data_pipeline.ingest.lines import fault
from data_pipeline.journal import AUDIO, NAME_DIGITS
from data_pipeline.manifest import InvalidLine, Row
from data_pipeline.recordings import LENGTH_TOLERANCE_S, MAX_FILE_BYTES, read_bytes

PART_TOLERANCE_S: Final = 0.01
"""As reading a part allows."""


def inside(folder: Path, path: Path) -> Path:
    """The file that a path within a folder leads to, links followed.

    Raises ValueError where it leads out of the folder, and OSError where no regular file is there.
    """
    try:
        target = path.resolve()
    except RuntimeError:
        raise OSError("its links go in a circle") from None
    if not target.is_relative_to(folder.resolve()):
        raise ValueError(f"leads out of the folder {folder.name}")
    if not target.is_file():
        raise OSError("no regular file" if target.exists() else "no such file")
    return target


def fingerprint(found: Found) -> str:
    """Hash of the file that was found; empty where it cannot be read."""
    try:
        path = _located(found)
        return _digest(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return ""


def measured(found: Found, *, out: Path, copy: bool) -> Row | InvalidLine:
    """The row of `out`'s manifest: with the length that the sound has, and the file's hash.

    `out` is an absolute path without links. `copy` puts the file into it under its content's name. Raises OSError
    where that cannot be written.
    """
    try:
        path = _located(found)
        digest, duration_s = _content(path, path.stat().st_mtime_ns)
        _check_claims(found, digest, duration_s)
    except (AudioError, OSError, ValueError) as error:
        return found.refused(reason_of(error))
    there = _copied(path, digest, out) if copy else path
    return Row(
        manifest=out / MANIFEST,
        line=found.line,
        audio_filepath=Path(os.path.relpath(there, out)).as_posix(),
        duration_s=duration_s if found.offset_s is None else found.duration_s or 0,
        text=found.text,
        offset_s=found.offset_s,
        fields={**found.fields, "sha256": digest},
    )


def _located(found: Found) -> Path:
    if reason := fault(found.audio):
        raise ValueError(f"its name: {reason}")
    path = inside(found.folder, found.folder / found.audio)
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        raise ValueError(f"has {size} bytes; at most {MAX_FILE_BYTES} are taken")
    return path


@lru_cache(maxsize=8)
def _digest(path: Path, changed_ns: int) -> str:
    """Remembered, since many rows may be parts of one recording."""
    return file_sha256(path)


@lru_cache(maxsize=8)
def _content(path: Path, changed_ns: int) -> tuple[str, float]:
    """Hash and length in seconds."""
    data = read_bytes(path)
    audio = decode(data)
    if audio.truncated:
        raise ValueError("the file is cut or damaged: sound is missing")
    return sha256(data).hexdigest(), round(audio.duration_s, 6)


def _check_claims(found: Found, digest: str, duration_s: float) -> None:
    """Raises ValueError where the recording is not what its collection says."""
    claimed_s = duration_s if found.duration_s is None else found.duration_s
    if found.offset_s is None and abs(claimed_s - duration_s) > LENGTH_TOLERANCE_S:
        raise ValueError(f"lasts {duration_s:.3f} s, not {claimed_s:g} s as said")
    if found.offset_s is not None and found.offset_s + claimed_s > duration_s + PART_TOLERANCE_S:
        raise ValueError(f"lasts {duration_s:.3f} s; the part would end at {found.offset_s + claimed_s:g} s")
    if found.fields.get("sha256", digest) != digest:
        raise ValueError("not the file that is meant: its sha256 differs")


def _copied(path: Path, digest: str, out: Path) -> Path:
    target = out / AUDIO / f"{digest[:NAME_DIGITS]}{path.suffix.lower()}"
    if not target.is_file() or target.stat().st_size != path.stat().st_size:
        write_whole(read_bytes(path), target, durable=False)
    return target
