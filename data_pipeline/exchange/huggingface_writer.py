"""A manifest as a Hugging Face data set: Parquet files with the sound in them, as `datasets.load_dataset` reads them.

    card.json                                  the manifest's card, where it has one
    data/SPLIT-00000-of-00002.parquet          rows of one `split`; those without are "train"

Knows the layout of the Hub (https://huggingface.co/docs/datasets). A whole recording is put in byte for byte, a part of
one as 16-bit FLAC at 16 kHz.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, Final

from asr.errors import AudioError
from data_pipeline.card import NAME as CARD
from data_pipeline.errors import InvalidCorpus, reason_of
from data_pipeline.exchange.folders import whole_folder
from data_pipeline.flac import flac
from data_pipeline.manifest import InvalidLine, Row, read_lines
from data_pipeline.recordings import read_audio, read_recording

if TYPE_CHECKING:
    from datasets import Features
    from pyarrow.parquet import ParquetWriter

JSON: Final = "json"
FILE_BYTES: Final = 512 * 2**20
"""A Parquet file of more sound than this is followed by another."""
GROUP_BYTES: Final = 32 * 2**20
"""Sound that is held before it is written."""


def write_huggingface(
    manifest: Path,
    out: Path,
    *,
    on_done: Callable[[], None] = lambda: None,
    on_failure: Callable[[InvalidLine], None] = lambda failure: None,
) -> int:
    """Write the data set into a new folder; how many rows it has.

    `on_done` hears of every line, `on_failure` of those that are no rows or whose recordings cannot be read. Raises
    OtherDataset where the folder is there, InvalidCorpus where no row is left, OSError.
    """
    kinds = column_kinds(manifest)
    splits: dict[str, _Split] = {}
    with whole_folder(out) as folder:
        for row in read_lines(manifest):
            if isinstance(row, InvalidLine):
                on_failure(row)
            elif isinstance(sound := _sound(row), InvalidLine):
                on_failure(sound)
            else:
                name = row.field("split") or "train"
                if name not in splits:
                    splits[name] = _Split(folder / "data", _checked(name), _features(kinds))
                splits[name].add(sound, _cells(row, kinds))
            on_done()
        for split in splits.values():
            split.close()
        count = sum(split.rows for split in splits.values())
        if not count:
            raise InvalidCorpus(f"{manifest} has no row that can be converted")
        if (card := manifest.parent / CARD).is_file():
            copyfile(card, folder / CARD)
    return count


def column_kinds(manifest: Path) -> dict[str, str]:
    """What each field of a manifest holds, as Arrow calls it; `json` where that is of several kinds, or nested.

    Raises InvalidCorpus for a field that such a data set cannot hold, and OSError.
    """
    kinds: dict[str, str] = {}
    for row in read_lines(manifest):
        for name, value in (row.fields or {}).items() if isinstance(row, Row) else ():
            if name == "audio":
                raise InvalidCorpus(f"{manifest} has a field `audio`, as the column of the recordings is called")
            if isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise InvalidCorpus(f"{manifest}, line {row.line}: `{name}` is a number over 64 bits")
            if value is not None:
                kinds[name] = _kind(value) if kinds.get(name) in (None, _kind(value)) else JSON
    return dict(sorted(kinds.items()))


def _kind(value: object) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
        case str():
            return "string"
    return JSON


def _features(kinds: dict[str, str]) -> "Features":
    from datasets import Audio, Features, Json, Value

    own = {"audio": Audio(), "text": Value("string"), "duration": Value("float64")}
    return Features({**own, **{name: Json() if kind == JSON else Value(kind) for name, kind in kinds.items()}})


def _sound(row: Row) -> tuple[str, bytes] | InvalidLine:
    """Name and bytes of a recording, or why it cannot be read."""
    name = Path(row.audio_filepath)
    try:
        if row.offset_s is None:
            return name.name, read_recording(row).data
        return f"{name.stem}.flac", flac(read_audio(row))
    except (AudioError, OSError) as error:
        return row.refused(f"{name}: {reason_of(error)}")


def _cells(row: Row, kinds: dict[str, str]) -> dict[str, object]:
    fields = dict(row.fields or {})
    if row.offset_s is not None:
        fields.pop("sha256", None)  # of the whole file
    for name, value in fields.items():
        if value is not None and kinds[name] == JSON:
            fields[name] = json.dumps(value)
    return {"text": row.text, "duration": row.duration_s, **fields}


def _checked(name: str) -> str:
    """The name of a split, which becomes that of a file. Raises InvalidCorpus."""
    if not name.isidentifier():
        raise InvalidCorpus(f"a split cannot be called {name!r:.60}")
    return name


@dataclass(slots=True)
class _Split:
    """The files of one split, while they are written."""

    folder: Path
    name: str
    features: "Features"
    rows: int = 0
    _files: list[Path] = field(default_factory=list)
    _held: list[dict[str, object]] = field(default_factory=list)
    _held_bytes: int = 0
    _file_bytes: int = 0
    _writer: "ParquetWriter | None" = None

    def add(self, sound: tuple[str, bytes], cells: dict[str, object]) -> None:
        """One more row."""
        name, data = sound
        self._held.append({"audio": {"bytes": data, "path": name}, **cells})
        self._held_bytes += len(data)
        self.rows += 1
        if self._held_bytes >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Write what is held, and give the files the names that tell how many there are."""
        self._flush()
        self._end_file()
        for number, path in enumerate(self._files):
            path.rename(self.folder / f"{self.name}-{number:05}-of-{len(self._files):05}.parquet")

    def _flush(self) -> None:
        import pyarrow
        from pyarrow.parquet import ParquetWriter

        schema = self.features.arrow_schema
        if not self._held:
            return
        if self._writer is None:
            self.folder.mkdir(exist_ok=True)
            self._files.append(self.folder / f"{self.name}.{len(self._files)}.part")
            self._writer = ParquetWriter(self._files[-1], schema)
        self._writer.write_table(pyarrow.Table.from_pylist(self._held, schema=schema))
        self._file_bytes += self._held_bytes
        self._held, self._held_bytes = [], 0
        if self._file_bytes >= FILE_BYTES:
            self._end_file()

    def _end_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._file_bytes = None, 0
