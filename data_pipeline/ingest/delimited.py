"""Cells of a table in text: CSV with its quotes, or fields between tabs or bars as they stand.

Knows no column. A quoted cell may go over several lines; one that never ends is given up at the `csv` module's bound.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data_pipeline.ingest.lines import fault, shown, text_lines
from data_pipeline.manifest import InvalidLine


@dataclass(frozen=True, slots=True)
class Cells:
    """One row of the table."""

    line: int
    """Where it begins, from 1."""
    values: list[str]

    def refused(self, table: Path, reason: str) -> InvalidLine:
        """The row as one that cannot be used."""
        return InvalidLine(table, self.line, reason, shown(" | ".join(self.values)))


def read_cells(path: Path, *, delimiter: str, quoted: bool) -> Iterator[Cells | InvalidLine]:
    """The rows that are not blank. Raises OSError."""
    lines = (line for _, line in text_lines(path))
    reader = csv.reader(
        lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE, strict=True
    )
    while True:
        begin = reader.line_num + 1
        try:
            cells = Cells(begin, next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            yield InvalidLine(path, begin, _explained(error), "")
            continue
        if reason := fault(delimiter.join(cells.values)):
            yield cells.refused(path, reason)
        elif any(value.strip() for value in cells.values):
            yield cells


def _explained(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a cell of more than {csv.field_size_limit()} characters, or a quote that is never closed"
    return "a quote that is never closed" if "end of data" in str(error) else str(error)
