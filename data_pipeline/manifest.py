"""Manifests: what recordings there are and what is known of each, one JSON object a line, as NeMo and lhotse read them.

Knows the fields that every stage needs and keeps all others as they stand. Does not open the recordings.
"""

import json
import math
import os
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path, PurePath
from typing import BinaryIO, Final

from data_pipeline.errors import InvalidManifest
from data_pipeline.files import whole_file

MAX_LINE_BYTES: Final = 1 << 20
"""A longer line is no manifest's; bounds the memory for a file that is something else."""

MAX_DIGITS: Final = 400
"""Of a whole number; what JSON calls a number need not fit anywhere."""
SHOWN_BYTES: Final = 200
"""Of a line that is no row."""

MAX_NESTING: Final = 32
"""Of the objects and lists in a row: deeper ones could not be written again from deep within a program."""

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

    @property
    def key(self) -> str:
        """What names the row within its manifest: its `id`, else file and offset; and its labeler, if it names one."""
        named, labeler = self.field("id"), self.field("labeler")
        utterance = named if named is not None else f"{self.audio_filepath}@{self.offset_s or 0:g}"
        return utterance if labeler is None else f"{utterance}#{labeler}"

    @property
    def recording(self) -> str:
        """What names the sound, wherever the manifest lies and whoever labelled it: the file's hash or name, offset."""
        return f"{self.field('sha256') or self.path.name}@{self.offset_s or 0:g}"

    def with_fields(self, **fields: object) -> "Row":
        """The row with fields added or replaced; None removes one."""
        changed = {**(self.fields or {}), **fields}
        return replace(self, fields={name: value for name, value in changed.items() if value is not None})

    def refused(self, reason: str) -> "InvalidLine":
        """The row as one that cannot be used."""
        return InvalidLine(self.manifest, self.line, reason, json.dumps(self.as_json(), ensure_ascii=False))

    def moved_to(self, manifest: Path) -> "Row":
        """The same recording as a row of another manifest, whose folder its path is relative to."""
        if os.path.isabs(self.audio_filepath):
            return replace(self, manifest=manifest)
        way = _way(str(self.path.parent), str(manifest.parent))
        return replace(self, manifest=manifest, audio_filepath=(way / self.path.name).as_posix())

    def as_json(self) -> dict[str, object]:
        """The row as a manifest has it."""
        own: dict[str, object] = {"audio_filepath": self.audio_filepath}
        if self.offset_s is not None:
            own["offset"] = self.offset_s
        return {**own, "duration": self.duration_s, "text": self.text, **(self.fields or {})}


@dataclass(frozen=True, slots=True)
class InvalidLine:
    """A line that is no row, or a row that cannot be used."""

    manifest: Path
    line: int
    reason: str
    text: str
    """The line as far as it can be shown."""

    def __str__(self) -> str:
        return f"{self.manifest}, line {self.line}: {self.reason}"


def read_manifest(path: Path) -> Iterator[Row]:
    """The rows of a manifest, read as they are asked for; blank lines are passed over.

    Raises InvalidManifest with line and reason, and OSError where the file cannot be read.
    """
    for row in read_lines(path):
        if isinstance(row, InvalidLine):
            raise InvalidManifest(str(row))
        yield row


def read_lines(path: Path) -> Iterator[Row | InvalidLine]:
    """The same, with a record for each line that is no row. Raises OSError where the file cannot be read."""
    with path.open("rb") as file:
        for number, line in enumerate(bounded_lines(file), 1):
            if len(line) <= MAX_LINE_BYTES and not line.strip():
                continue
            try:
                yield parse_row(line, manifest=path, line=number)
            except InvalidManifest as error:
                reason = str(error).removeprefix(f"{path}, line {number}: ")
                ends = line.endswith(b"\n")
                cut = "" if ends or len(line) > MAX_LINE_BYTES else " (the file ends in the middle of this line)"
                yield InvalidLine(path, number, reason + cut, line[:SHOWN_BYTES].decode("utf-8", "replace").rstrip())


def bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long only the beginning, which is one byte too long itself."""
    while line := file.readline(MAX_LINE_BYTES + 1):
        yield line
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES + 1)


@dataclass(frozen=True, slots=True)
class Written:
    """A manifest that was written."""

    rows: int
    duration_s: float
    sha256: str
    content_sha256: str
    """Of the rows wherever they lie: only the names of their recordings count, not the folders."""


def write_manifest(rows: Iterable[Row], path: Path) -> Written:
    """Write the rows, their paths relative to the manifest; the file is there whole or, as before, not at all.

    Raises InvalidManifest where a row could not be read again, OSError.
    """
    count, duration_s, digest, content = 0, 0.0, sha256(), sha256()
    with whole_file(path) as file:
        for row in rows:
            moved = row.moved_to(path).as_json()
            line = _line(moved)
            if len(line) > MAX_LINE_BYTES:
                raise InvalidManifest(
                    f"{path}: the row of {row.key[:SHOWN_BYTES]} would be longer than {MAX_LINE_BYTES} bytes"
                )
            file.write(line)
            digest.update(line)
            content.update(_line({**moved, "audio_filepath": row.path.name}))
            count, duration_s = count + 1, duration_s + row.duration_s
    return Written(count, round(duration_s, 3), digest.hexdigest(), content.hexdigest())


def _line(values: Mapping[str, object]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def matching(rows: Iterable[Row], wanted: Mapping[str, Container[str]]) -> Iterator[Row]:
    """The rows whose fields all have one of the values wanted for them."""
    return (row for row in rows if all(row.field(name) in values for name, values in wanted.items()))


def parse_row(data: bytes, *, manifest: Path, line: int) -> Row:
    """One line of a manifest. Raises InvalidManifest."""
    try:
        if len(data) > MAX_LINE_BYTES:
            raise ValueError(f"longer than {MAX_LINE_BYTES} bytes")
        values = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_int=_integer)
        if not isinstance(values, dict):
            raise ValueError("not a JSON object")
        if data.count(b"[") + data.count(b"{") > MAX_NESTING and nesting(values) > MAX_NESTING:
            raise RecursionError
        if b"\\u" in data:
            json.dumps(values, ensure_ascii=False).encode()
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
    except UnicodeEncodeError:
        raise InvalidManifest(f"{manifest}, line {line}: half a surrogate pair, which is no character") from None
    except ValueError as error:
        raise InvalidManifest(f"{manifest}, line {line}: {error}") from None


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def nesting(value: object) -> int:
    """How deep lists and objects of a JSON value stand in each other; 1 for a value that is neither."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(nesting, below), default=0)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


@lru_cache
def _way(folder: str, start: str) -> PurePath:
    """From one folder to another, both where they really are: a way up from a link would not end above the link."""
    return PurePath(os.path.relpath(os.path.realpath(folder), os.path.realpath(start)))


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
