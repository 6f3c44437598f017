"""Reading a manifest for a command that needs all of its rows at once: what is no row is told and passed over."""

from pathlib import Path
from typing import TYPE_CHECKING

from serving.commands.data.shell import told

if TYPE_CHECKING:
    from data_pipeline.manifest import InvalidLine, Row


def read_rows(manifest: Path) -> "tuple[list[Row], list[InvalidLine]]":
    """The rows, and the lines that are none; the first of those stand on standard error. Raises OSError."""
    from data_pipeline.manifest import Row, read_lines

    rows: list[Row] = []
    invalid: list[InvalidLine] = []
    with told("reading", manifest) as (on_done, on_failure):
        for line in read_lines(manifest):
            if isinstance(line, Row):
                rows.append(line)
            else:
                invalid.append(line)
                on_failure(line)
            on_done()
    return rows, invalid
