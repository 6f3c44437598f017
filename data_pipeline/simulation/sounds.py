"""Noises and room responses from manifests, of which one is drawn for each recording. Does no signal processing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final, Self

import numpy as np

from asr.audio import Samples
from asr.errors import AudioError
from data_pipeline.card import file_sha256
from data_pipeline.errors import CannotSimulate, InvalidManifest
from data_pipeline.manifest import Row, read_manifest
from data_pipeline.recordings import read_audio, read_bytes

CACHED: Final = 32
"""Recordings that a process holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """One recording."""

    name: str
    """As its manifest calls it."""
    samples: Samples
    """Shape (n,), 16 kHz."""


@dataclass(frozen=True, slots=True)
class Sounds:
    """What there is to draw from."""

    noises: tuple[Row, ...]
    """Recordings in which nobody speaks."""
    rooms: tuple[Row, ...]
    """Impulse responses."""

    def noise(self, rng: np.random.Generator) -> Sound:
        """Any noise. Raises CannotSimulate where it cannot be read."""
        return _drawn(self.noises, rng)

    def room(self, rng: np.random.Generator) -> Sound:
        """Any room response. Raises CannotSimulate where it cannot be read."""
        return _drawn(self.rooms, rng)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSet:
    """A manifest of sounds and what it holds, so that a card tells it from a later one of the same name."""

    manifest: str
    """Its path, seen from the working folder."""
    sha256: str
    """Of the manifest and its recordings."""

    @classmethod
    def at(cls, manifest: str) -> Self:
        """What is there now. Raises CannotSimulate where it or a recording of it cannot be read, InvalidManifest."""
        path = Path(manifest)
        try:
            digest = sha256(file_sha256(path).encode())
            for name in dict.fromkeys(row.audio_filepath for row in read_manifest(path)):
                digest.update(sha256(_bytes(path.parent / name)).digest())
        except OSError as error:
            raise CannotSimulate(f"{error.filename}, which is to be heard: {error.strerror}") from None
        return cls(manifest=manifest, sha256=digest.hexdigest())

    def check(self) -> None:
        """Raises CannotSimulate where the sounds are no longer there, or others; InvalidManifest."""
        if self.at(self.manifest) != self:
            raise CannotSimulate(f"{self.manifest}: not the sounds that were heard before: their sha256 differs")


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except AudioError as error:
        raise CannotSimulate(f"{path}, which is to be heard: {error}") from None


def read_sounds(noise: Path | None = None, rooms: Path | None = None) -> Sounds:
    """Noises and room responses of two manifests, which may be one; None takes the few that the package carries.

    Rows that say by `kind` that they are something else are passed over. Raises InvalidManifest and OSError.
    """
    return Sounds(
        _rows(noise or _carried("noise.jsonl"), "noise", "noise recording"),
        _rows(rooms or _carried("rooms.jsonl"), "rir", "room impulse response"),
    )


def _carried(name: str) -> Path:
    return Path(str(files("data_pipeline.simulation") / "sounds" / name))


def _rows(manifest: Path, kind: str, called: str) -> tuple[Row, ...]:
    rows = tuple(row for row in read_manifest(manifest) if row.field("kind") in (None, kind))
    if not rows:
        raise InvalidManifest(f"{manifest}: no {called}")
    return rows


def _drawn(rows: Sequence[Row], rng: np.random.Generator) -> Sound:
    row = rows[int(rng.integers(len(rows)))]
    return Sound(row.audio_filepath, _samples(replace(row, fields=None)))


@lru_cache(CACHED)
def _samples(row: Row) -> Samples:
    try:
        return read_audio(row).samples
    except OSError as error:
        raise CannotSimulate(f"{row.audio_filepath}, which is to be heard in it: {error.strerror}") from None
    except AudioError as error:
        raise CannotSimulate(f"{row.audio_filepath}, which is to be heard in it: {error}") from None
