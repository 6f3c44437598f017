"""What a person points at, as rows: a sound file, a folder of them, or a manifest.

Knows file names; opens sound only where a length is needed.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from asr.decode import decode
from data_pipeline.manifest import Row, read_manifest

SOUND_SUFFIXES: Final = frozenset(
    {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".mp4", ".aac"}
    | {".webm", ".mka", ".aiff", ".aif", ".aifc", ".au", ".snd", ".caf", ".amr"}
)
MANIFEST_SUFFIXES: Final = frozenset({".jsonl", ".ndjson", ".json"})


def sound_files(path: Path) -> list[Path]:
    """The sound files of a folder and the folders below it, in order of their names; a file is itself.

    Raises FileNotFoundError where there is nothing of that name, and for a folder without any sound file.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f"no file or folder {path}")
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SOUND_SUFFIXES and file.is_file())
    if not found:
        raise FileNotFoundError(f"no sound file in the folder {path}")
    return found


def is_manifest(path: Path) -> bool:
    """Does the file's name say that it is a manifest?"""
    return path.suffix.lower() in MANIFEST_SUFFIXES and path.is_file()


def noise_pieces(path: Path, *, piece_s: float) -> Iterator[Row]:
    """Recordings in which nobody speaks, cut into pieces; a rest that is shorter than a piece is left out.

    Rows of a manifest that say by `kind` that they are something else are passed over.
    Raises what `asr.decode.decode` raises, and OSError or InvalidManifest.
    """
    if is_manifest(path):
        noises = (row for row in read_manifest(path) if row.field("kind") in (None, "noise"))
        wholes = [(row.path, row.duration_s) for row in noises]
    else:
        wholes = [(file, decode(file.read_bytes()).duration_s) for file in sound_files(path)]
    for line, (file, duration_s) in enumerate(wholes, 1):
        for index in range(int(duration_s / piece_s + 1e-6)):
            yield Row(path, line, str(file.resolve()), piece_s, "", index * piece_s, {"source": "noise"})


def speech_at_hand() -> Path:
    """The manifest of real speech for trying things out in a checkout: that of VOICESEARCH_DATA, else of its own clips.

    Raises FileNotFoundError outside of a checkout.
    """
    checkout = Path(__file__).parents[1]
    data = checkout / os.environ.get("VOICESEARCH_DATA", "../shared/data") / "speech"
    for folder in (data, checkout / "tests" / "clips"):
        if (manifest := folder / "manifest.jsonl").is_file():
            return manifest
    raise FileNotFoundError("no recordings at hand: set VOICESEARCH_DATA, or run in a checkout")
