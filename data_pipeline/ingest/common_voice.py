"""Mozilla Common Voice: `validated.tsv` and its like beside the folder `clips`.

Knows the columns of its releases (https://github.com/common-voice/cv-dataset); `client_id` is the speaker.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, Self

from data_pipeline.ingest.found import Item, found
from data_pipeline.ingest.table import read_table, renamed
from data_pipeline.manifest import InvalidLine

_COLUMNS: Final = {"audio_filepath": "path", "text": "sentence", "speaker": "client_id"}
_SPLITS: Final = ("train", "dev", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonVoice:
    """One or more of the release's tables."""

    tables: tuple[Path, ...]
    name: str = "common-voice"

    @classmethod
    def at(cls, path: Path) -> Self | None:
        """A table that was pointed at, or of a release `validated.tsv`, or where that is absent its three splits."""
        folder = path if path.is_dir() else path.parent
        whole, splits = folder / "validated.tsv", [folder / f"{name}.tsv" for name in _SPLITS]
        if not (folder / "clips").is_dir():
            return None
        if path.is_file():
            return cls(tables=(path,)) if path.suffix == ".tsv" else None
        tables = [whole] if whole.is_file() else [table for table in splits if table.is_file()]
        return cls(tables=tuple(tables)) if tables else None

    @property
    def corpus(self) -> str:
        """The collection's name."""
        return "common_voice"

    def read(self) -> Iterator[Item]:
        """A recording for each row; the table's name is its `split` where it is one."""
        for table in self.tables:
            for row in read_table(table, "\t", _COLUMNS):
                yield row if isinstance(row, InvalidLine) else _item(table, *row)


def _item(table: Path, line: int, row: Mapping[str, object]) -> Item:
    values = renamed(row, {**_COLUMNS, "accents": "accent"} if "accent" in row else _COLUMNS)
    clip = PurePath(str(values.get("audio_filepath", "")))
    if clip.name and not clip.suffix:
        values["audio_filepath"] = f"{clip}.mp3"  # the first releases left it out
    values["id"] = clip.stem
    if table.stem in _SPLITS:
        values["split"] = table.stem
    try:
        return found(values, named_in=table, line=line, folder=table.parent / "clips")
    except ValueError as error:
        return InvalidLine(table, line, str(error), " | ".join(map(str, row.values())))
