"""Tables of recordings: CSV, TSV, JSON lines, with their own names for the columns.

Knows the form by the file's suffix. A column keeps its name unless it is mapped; an empty cell says nothing.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from data_pipeline.errors import InvalidCorpus
from data_pipeline.ingest.delimited import Cells, read_cells
from data_pipeline.ingest.found import Item, found
from data_pipeline.ingest.lines import fault, shown, text_lines
from data_pipeline.inputs import MANIFEST_SUFFIXES
from data_pipeline.manifest import MAX_NESTING, InvalidLine, nesting

DELIMITERS: Final = {".csv": ",", ".tsv": "\t", ".psv": "|"}
TABLE_SUFFIXES: Final = frozenset(DELIMITERS) | MANIFEST_SUFFIXES
_LONG_NUMBER: Final = re.compile("[0-9]{19}")

TableRow = tuple[int, Mapping[str, object]]
"""Line, from 1, and what stands there by the table's own names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file that names recordings."""

    path: Path
    audio: Path | None = None
    """Folder that the paths are relative to; None: the table's own."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field of the manifest -> the table's name for it."""
    name: str = "table"

    @property
    def corpus(self) -> str:
        """The file's name."""
        return self.path.stem

    def read(self) -> Iterator[Item]:
        """A recording for each row."""
        suffix = self.path.suffix.lower()
        if suffix in MANIFEST_SUFFIXES:
            rows = read_objects(self.path)
        elif suffix in DELIMITERS:
            rows = read_table(self.path, DELIMITERS[suffix], self.columns)
        else:
            raise InvalidCorpus(f"{self.path}: a table ends in one of {', '.join(sorted(TABLE_SUFFIXES))}")
        for row in rows:
            yield row if isinstance(row, InvalidLine) else self._item(*row)

    def _item(self, line: int, row: Mapping[str, object]) -> Item:
        values = renamed(row, self.columns)
        try:
            return found(values, named_in=self.path, line=line, folder=self.audio or self.path.parent)
        except ValueError as error:
            return InvalidLine(self.path, line, str(error), shown(str(dict(row))))


def renamed(row: Mapping[str, object], columns: Mapping[str, str]) -> dict[str, object]:
    """The row under the manifest's names; what is null there is left out.

    >>> renamed({"path": "a.wav", "up": None, "sentence": ""}, {"audio_filepath": "path", "text": "sentence"})
    {'audio_filepath': 'a.wav', 'text': ''}
    """
    mapped = {name: row[column] for name, column in columns.items() if column in row}
    others = {name: value for name, value in row.items() if name not in columns.values() and name not in mapped}
    return {name: value for name, value in {**mapped, **others}.items() if value is not None}


def read_table(path: Path, delimiter: str, columns: Mapping[str, str]) -> Iterator[TableRow | InvalidLine]:
    """The rows below the header, by its names; cells that are empty, but for the text, or have no name are left out.

    Raises InvalidCorpus where there is no header, or it lacks a column that is mapped or names the recordings; OSError.
    """
    rows = read_cells(path, delimiter=delimiter, quoted=delimiter == ",")
    header = _header(path, next(rows, None), {"audio_filepath": "audio_filepath", **columns}.values())
    text = columns.get("text", "text")
    for row in rows:
        if isinstance(row, InvalidLine):
            yield row
        elif len(row.values) != len(header):
            yield row.refused(path, f"{len(row.values)} cells where the header has {len(header)}")
        else:
            named = zip(header, row.values, strict=True)
            yield row.line, {name: value for name, value in named if name and (value.strip() or name == text)}


def _header(path: Path, row: Cells | InvalidLine | None, wanted: Collection[str]) -> list[str]:
    if row is None:
        raise InvalidCorpus(f"{path} is empty")
    if isinstance(row, InvalidLine):
        raise InvalidCorpus(f"{path}, line {row.line}: no header: {row.reason}")
    names = [name.strip() for name in row.values]
    if missing := [name for name in wanted if name not in names]:
        raise InvalidCorpus(f"{path} has no column {missing[0]!r} but: {shown(', '.join(names))}")
    if twice := [name for name in names if name and names.count(name) > 1]:
        raise InvalidCorpus(f"{path} has more than one column {twice[0]!r}")
    return names


def read_objects(path: Path) -> Iterator[TableRow | InvalidLine]:
    """The JSON objects of a file, one a line; blank lines are passed over. Raises OSError."""
    for number, line in text_lines(path):
        if not line.strip():
            continue
        try:
            values = None if fault(line) else parsed(line)
            reason = fault(line) or "not a JSON object"
        except ValueError as error:
            values, reason = None, str(error)
        yield (number, values) if isinstance(values, dict) else InvalidLine(path, number, reason, shown(line))


def parsed(text: str) -> object:
    """A JSON value that a manifest can hold. Raises ValueError with the reason where it is none.

    >>> parsed('{"a": [1]}')
    {'a': [1]}
    """
    try:
        value: object = orjson.loads(text)
        if nesting(value) > MAX_NESTING:
            raise RecursionError
        if _LONG_NUMBER.search(text):
            value = json.loads(text)  # orjson rounds whole numbers over 64 bits
    except orjson.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error}") from None
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_NESTING} levels") from None
    return value
