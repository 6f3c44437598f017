"""The LJ Speech layout: `metadata.csv` with `id|as printed|as read` beside the folder `wavs`.

Knows that such a collection has one speaker, who is called like the collection.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from data_pipeline.ingest.delimited import Cells, read_cells
from data_pipeline.ingest.found import Found, Item
from data_pipeline.manifest import InvalidLine


@dataclass(frozen=True, slots=True, kw_only=True)
class LJSpeech:
    """One collection."""

    folder: Path
    name: str = "ljspeech"

    @classmethod
    def at(cls, path: Path) -> Self | None:
        """The collection in a folder, or whose `metadata.csv` was pointed at."""
        folder = path.parent if path.name == "metadata.csv" else path
        return cls(folder=folder) if (folder / "metadata.csv").is_file() and (folder / "wavs").is_dir() else None

    @property
    def corpus(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    def read(self) -> Iterator[Item]:
        """A recording for each line."""
        table = self.folder / "metadata.csv"
        for cells in read_cells(table, delimiter="|", quoted=False):
            yield cells if isinstance(cells, InvalidLine) else self._item(table, cells)

    def _item(self, table: Path, cells: Cells) -> Item:
        if not 2 <= len(cells.values) <= 3 or not cells.values[0].strip():
            return cells.refused(table, "not `id|text` or `id|text|text as read`")
        name, printed, *read = (value.strip() for value in cells.values)
        return Found(
            named_in=table,
            line=cells.line,
            folder=self.folder / "wavs",
            audio=f"{name}.wav",
            text=read[0] if read else printed,
            fields={"id": name, "speaker": self.corpus, **({"printed_text": printed} if read else {})},
        )
