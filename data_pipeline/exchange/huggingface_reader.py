"""Hugging Face data sets as rows: Parquet files, or what `save_to_disk` wrote; their sound goes into files.

Knows the libraries' formats on disk. Asks no hub, and opens nothing that a data set merely points to.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from asr.decode import decode
from asr.errors import AudioError
from data_pipeline.errors import InvalidCorpus
from data_pipeline.files import write_whole
from data_pipeline.ingest.found import found
from data_pipeline.ingest.lines import shown
from data_pipeline.ingest.table import parsed, renamed
from data_pipeline.inputs import SOUND_SUFFIXES
from data_pipeline.journal import AUDIO, NAME_DIGITS
from data_pipeline.manifest import InvalidLine, Row
from data_pipeline.recordings import LENGTH_TOLERANCE_S

if TYPE_CHECKING:
    from datasets import Dataset
    from pyarrow import Schema, Table

_BATCH_ROWS: Final = 32
_SAVED: Final = ("state.json", "dataset_dict.json")


def huggingface_files(path: Path) -> list[Path]:
    """The files of a data set, in order; none where the path means no such data set."""
    if path.is_file():
        return [path] if path.suffix == ".parquet" else []
    if any((path / name).is_file() for name in _SAVED):
        return sorted(path.rglob("*.arrow"))
    return sorted(path.rglob("*.parquet"))


def read_huggingface(path: Path, out: Path, columns: Mapping[str, str] | None = None) -> Iterator[Row | InvalidLine]:
    """One row for each of the data set's, as rows of `out/manifest.jsonl`; sound goes into `out/audio`.

    `columns` maps fields of the manifest to the names that the data set has for them. Raises InvalidCorpus where no
    column holds sound, ValueError for files that are no such data set, and OSError.
    """
    line = 0
    for table, split in _tables(path):
        audio = _audio_column(path, table.schema)
        nested = _json_columns(table.schema)
        for cells in table.to_pylist():
            line += 1
            sound = cells.pop(audio)
            try:
                told = {name: parsed(v) if name in nested and v is not None else v for name, v in cells.items()}
                yield _row(sound, renamed({"split": split, **told}, columns or {}), out, line)
            except (AudioError, ValueError, TypeError, RecursionError) as error:
                yield InvalidLine(path, line, str(error), shown(str(cells.get("id") or cells)))


def _tables(path: Path) -> "Iterator[tuple[Table, str | None]]":
    """Some rows at a time, and the split that they belong to, where the data set says."""
    import datasets
    from pyarrow.parquet import ParquetFile

    if path.is_dir() and any((path / name).is_file() for name in _SAVED):
        saved = datasets.load_from_disk(str(path))
        parts: dict[str | None, Dataset] = dict(saved) if isinstance(saved, dict) else {None: saved}
        for split, part in parts.items():
            for table in part.with_format("arrow").iter(batch_size=_BATCH_ROWS):
                yield table.replace_schema_metadata(part.features.arrow_schema.metadata), split
        return
    from pyarrow import Table

    for file in huggingface_files(path):
        with ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=_BATCH_ROWS):
                yield Table.from_batches([batch]), None


def _audio_column(path: Path, schema: "Schema") -> str:
    from pyarrow import types

    for column in schema:
        if types.is_struct(column.type) and {"bytes", "path"} <= {part.name for part in column.type}:
            return str(column.name)
    raise InvalidCorpus(f"{path} has no column of recordings but: {', '.join(schema.names)}")


def _json_columns(schema: "Schema") -> set[str]:
    from datasets import Features, Json

    return {name for name, kind in Features.from_arrow_schema(schema).items() if isinstance(kind, Json)}


def _row(sound: Mapping[str, object] | None, values: dict[str, object], out: Path, line: int) -> Row:
    """Raises AudioError, and ValueError where there is no sound or a value is nothing for a manifest."""
    data = (sound or {}).get("bytes")
    name = str((sound or {}).get("path") or "")
    if not isinstance(data, bytes):
        raise ValueError(f"its sound is not in the data set, but said to be at {name!r:.100}")
    json.dumps(values, allow_nan=False)
    audio = decode(data)
    if audio.truncated:
        raise ValueError("the recording is cut or damaged")
    item = found({**values, "audio_filepath": name or "sound"}, named_in=out, line=line, folder=out)
    claimed_s = item.duration_s or audio.duration_s
    if abs(claimed_s - audio.duration_s) > LENGTH_TOLERANCE_S:
        raise ValueError(f"lasts {audio.duration_s:.3f} s, not {claimed_s:g} s as said")
    digest = sha256(data).hexdigest()
    suffix = Path(name).suffix.lower()
    target = out / AUDIO / f"{digest[:NAME_DIGITS]}{suffix if suffix in SOUND_SUFFIXES else ''}"
    if not target.is_file() or target.stat().st_size != len(data):
        write_whole(data, target, durable=False)
    return Row(
        manifest=out / "manifest.jsonl",
        line=line,
        audio_filepath=f"{AUDIO}/{target.name}",
        duration_s=round(claimed_s, 6),
        text=item.text,
        fields={**item.fields, "sha256": digest},
    )
