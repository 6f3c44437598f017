"""A data set's card: by which steps it came about, from what, and under which licences. Stands beside the manifest.

Holds no time and no absolute path, so that the same steps on the same data write the same card.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Final

from data_pipeline.errors import InvalidCard
from data_pipeline.files import write_json

NAME: Final = "card.json"
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step that was run."""

    name: str
    version: int
    settings: Mapping[str, object]
    input: str
    """What it read: the name of a file or a folder."""
    input_sha256: str
    output_sha256: Mapping[str, str] = field(default_factory=dict)
    """Of each manifest that it wrote, by its name."""
    content_sha256: str = ""
    """Of all rows, wherever their recordings lie."""
    rows: int = 0
    failures: int = 0

    @property
    def before(self) -> "StepRecord":
        """The record as it was before the step was run."""
        return StepRecord(self.name, self.version, self.settings, self.input, self.input_sha256)


@dataclass(frozen=True, slots=True)
class Origin:
    """Rows of one kind of source, and on what ground they may be used."""

    source: str | None
    corpus: str | None
    license: str | None
    consent: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Card:
    """A data set's history and content."""

    made_by: str
    """Name and version of the software."""
    steps: tuple[StepRecord, ...]
    """In order; the last one wrote the manifest beside the card."""
    rows: int
    duration_s: float
    origins: tuple[Origin, ...]


def file_sha256(path: Path) -> str:
    """Hash of a file, which may be larger than memory. Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def write_card(card: Card, folder: Path) -> None:
    """Raises OSError."""
    write_json({"format": FORMAT, **asdict(card)}, folder / NAME)


def read_card(path: Path) -> Card:
    """Raises InvalidCard, and OSError where the file cannot be read."""
    try:
        values = json.loads(path.read_bytes())
        if values.pop("format") != FORMAT:
            raise ValueError("written by another version of this software")
        steps = tuple(StepRecord(**step) for step in values.pop("steps"))
        origins = tuple(Origin(**origin) for origin in values.pop("origins"))
        return Card(**values, steps=steps, origins=origins)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidCard(f"{path}: {error}") from None


def history(manifest: Path, manifest_sha256: str) -> tuple[StepRecord, ...]:
    """The steps that led to a manifest; none where it has no card.

    Raises InvalidCard where the manifest is another than the card beside it describes: it was changed by hand.
    """
    path = manifest.parent / NAME
    if not path.is_file():
        return ()
    steps = read_card(path).steps
    known = steps[-1].output_sha256.get(manifest.name) if steps else None
    if known is None:
        return ()
    if known != manifest_sha256:
        raise InvalidCard(f"{manifest} was changed since {NAME} was written: remove the card to start anew from here")
    return steps
