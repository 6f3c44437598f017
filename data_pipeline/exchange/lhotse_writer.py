"""A manifest as Lhotse's sets: recordings, supervisions and cuts, in the JSON that `CutSet.from_file` reads.

Knows that JSON (https://lhotse.readthedocs.io), so that Lhotse and its tensor library are not needed. What Lhotse has
no field for goes into a supervision's `custom`. Recordings are named by absolute paths, as Lhotse knows no others.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from shutil import copyfile
from typing import Final

import soundfile

from data_pipeline.card import NAME as CARD
from data_pipeline.errors import InvalidCorpus
from data_pipeline.exchange.folders import whole_folder
from data_pipeline.manifest import InvalidLine, Row, read_lines

RECORDINGS: Final = "recordings.jsonl.gz"
SUPERVISIONS: Final = "supervisions.jsonl.gz"
CUTS: Final = "cuts.jsonl.gz"

STANDARD: Final = {"speaker": "speaker", "locale": "language", "gender": "gender"}
"""Field of a manifest -> Lhotse's own, where both are texts."""

_Write = Callable[[dict[str, object]], None]


@dataclass(frozen=True, slots=True)
class _Header:
    sample_rate_hz: int
    channels: int
    frames: int


def write_lhotse(
    manifest: Path,
    out: Path,
    *,
    on_done: Callable[[], None] = lambda: None,
    on_failure: Callable[[InvalidLine], None] = lambda failure: None,
) -> int:
    """Write the three sets into a new folder, with the manifest's card; how many cuts they have.

    `on_done` hears of every line, `on_failure` of those that are no rows or whose recordings have no header that
    libsndfile reads. Raises OtherDataset where the folder is there, InvalidCorpus where no row is left, OSError.
    """
    count = 0
    seen: set[str] = set()
    with whole_folder(out) as folder, ExitStack() as files:
        recordings, supervisions, cuts = (
            files.enter_context(_json_lines(folder / name)) for name in (RECORDINGS, SUPERVISIONS, CUTS)
        )
        for row in read_lines(manifest):
            if isinstance(row, Row):
                row = _written(row, recordings, supervisions, cuts, seen)
            if isinstance(row, InvalidLine):
                on_failure(row)
            else:
                count += 1
            on_done()
        if not count:
            raise InvalidCorpus(f"{manifest} has no row that can be converted")
        if (card := manifest.parent / CARD).is_file():
            copyfile(card, folder / CARD)
    return count


def _written(row: Row, recordings: _Write, supervisions: _Write, cuts: _Write, seen: set[str]) -> Row | InvalidLine:
    try:
        recording = _recording(row)
    except (OSError, soundfile.SoundFileError) as error:
        return row.refused(f"{row.audio_filepath}: {getattr(error, 'strerror', None) or 'no header that can be read'}")
    if row.audio_filepath not in seen:
        seen.add(row.audio_filepath)
        recordings(recording)
    supervision = _supervision(row, recording)
    supervisions(supervision)
    cuts(_cut(row, recording, supervision))
    return row


def _recording(row: Row) -> dict[str, object]:
    path = row.path.resolve(strict=True)
    header = _header(path)
    channels = list(range(header.channels))
    return {
        "id": row.audio_filepath,
        "sources": [{"type": "file", "channels": channels, "source": str(path)}],
        "sampling_rate": header.sample_rate_hz,
        "num_samples": header.frames,
        "duration": header.frames / header.sample_rate_hz,
        "channel_ids": channels,
    }


@lru_cache(maxsize=64)
def _header(path: Path) -> _Header:
    info = soundfile.info(path)
    return _Header(info.samplerate, info.channels, info.frames)


def _supervision(row: Row, recording: dict[str, object]) -> dict[str, object]:
    fields = {name: value for name, value in (row.fields or {}).items() if name != "id"}
    standard = {name: fields.pop(name) for name in STANDARD if isinstance(fields.get(name), str)}
    return {
        "id": row.key,
        "recording_id": recording["id"],
        "start": row.offset_s or 0,
        "duration": recording["duration"] if row.offset_s is None else row.duration_s,
        "channel": _channel(recording),
        **({} if row.text is None else {"text": row.text}),
        **{STANDARD[name]: value for name, value in standard.items()},
        **({"custom": fields} if fields else {}),
    }


def _cut(row: Row, recording: dict[str, object], supervision: dict[str, object]) -> dict[str, object]:
    return {
        "id": row.key,
        "start": supervision["start"],
        "duration": supervision["duration"],
        "channel": supervision["channel"],
        "supervisions": [{**supervision, "start": 0}],
        "recording": recording,
        "type": "MonoCut" if supervision["channel"] == 0 else "MultiCut",
    }


def _channel(recording: dict[str, object]) -> object:
    """All channels, since ours are averaged; Lhotse writes one as a number."""
    channels = recording["channel_ids"]
    return 0 if channels == [0] else channels


@contextmanager
def _json_lines(path: Path) -> Iterator[_Write]:
    """Compressed JSON lines that bear neither a time nor a name, so that two runs write the same bytes."""
    with path.open("wb") as plain, gzip.GzipFile("", "wb", fileobj=plain, mtime=0) as file:

        def write(values: dict[str, object]) -> None:
            file.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")

        yield write
