"""Manifests: what recordings there are and what is known of each, one JSON object a line, as NeMo and lhotse read them.

Knows the fields that every stage needs and keeps all others as they stand. Does not open the recordings.
"""

import json
import math
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data_pipeline.errors import InvalidManifest

MAX_LINE_BYTES: Final = 1 << 20
"""A longer line is no manifest's; bounds the memory for a file that is something else."""

_OWN: Final = ("audio_filepath", "duration", "text", "offset")


@dataclass(frozen=True, slots=True)
class Row:
    """One utterance of a manifest."""

    manifest: Path
    line: int
    """Where it stands, from 1."""
    audio_filepath: str
    """As written there."""
    duration_s: float
    text: str | None
    """What is said; empty where nobody speaks, None where that is not known."""
    offset_s: float | None = None
    """Where in the file the utterance starts; None takes the whole file."""
    fields: Mapping[str, object] | None = None
    """All other fields."""

    @property
    def path(self) -> Path:
        """The recording; relative to the manifest."""
        return self.manifest.parent / self.audio_filepath

    def field(self, name: str) -> str | None:
        """The value of any field as a text to group by; None where it is absent or null."""
        value = self.as_json().get(name)
        return None if value is None else str(value)

    def as_json(self) -> dict[str, object]:
        """The row as a manifest has it."""
        own: dict[str, object] = {"audio_filepath": self.audio_filepath}
        if self.offset_s is not None:
            own["offset"] = self.offset_s
        return {**own, "duration": self.duration_s, "text": self.text, **(self.fields or {})}


def read_manifest(path: Path) -> Iterator[Row]:
    """The rows of a manifest, read as they are asked for; blank lines are passed over.

    Raises InvalidManifest with line and reason, and OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise InvalidManifest(f"{path}, line {number}: longer than {MAX_LINE_BYTES} bytes")
            if line.strip():
                yield parse_row(line, manifest=path, line=number)


def matching(rows: Iterable[Row], wanted: Mapping[str, Container[str]]) -> Iterator[Row]:
    """The rows whose fields all have one of the values wanted for them."""
    return (row for row in rows if all(row.field(name) in values for name, values in wanted.items()))


def parse_row(data: bytes, *, manifest: Path, line: int) -> Row:
    """One line of a manifest. Raises InvalidManifest."""
    try:
        values = json.loads(data.decode("utf-8-sig"))
        if not isinstance(values, dict):
            raise ValueError("not a JSON object")
        return Row(
            manifest=manifest,
            line=line,
            audio_filepath=_audio_filepath(values),
            duration_s=_seconds(values.get("duration"), "duration", above_zero=True),
            text=_text(values),
            offset_s=None if values.get("offset") is None else _seconds(values["offset"], "offset"),
            fields={name: value for name, value in values.items() if name not in _OWN},
        )
    except RecursionError:
        raise InvalidManifest(f"{manifest}, line {line}: nested too deeply") from None
    except UnicodeDecodeError:
        raise InvalidManifest(f"{manifest}, line {line}: not UTF-8") from None
    except ValueError as error:
        raise InvalidManifest(f"{manifest}, line {line}: {error}") from None


def _audio_filepath(values: Mapping[str, object]) -> str:
    value = values.get("audio_filepath")
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("`audio_filepath` is required and must be the path of a file")
    return value


def _text(values: Mapping[str, object]) -> str | None:
    value = values.get("text")
    if value is not None and not isinstance(value, str):
        raise ValueError("`text` must be a string, or null where it is not known")
    return value


def _seconds(value: object, name: str, *, above_zero: bool = False) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if abs(value) < 1e9 else math.inf
        if math.isfinite(seconds) and (seconds > 0 or (seconds == 0 and not above_zero)):
            return seconds
    raise ValueError(f"`{name}` must be {'positive' if above_zero else 'zero or positive'} seconds, not {value!r}")
