"""Lhotse's sets as rows: a file of cuts, or one of supervisions beside its recordings.

Knows Lhotse's JSON and nothing of Lhotse. Opens no recording: a source that is a command or an address is refused,
never followed. Features are left out, since they can be computed again.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from data_pipeline.errors import InvalidCorpus
from data_pipeline.exchange.lhotse_writer import STANDARD
from data_pipeline.ingest.table import read_objects
from data_pipeline.manifest import InvalidLine, Row

_SUFFIXES: Final = (".jsonl", ".jsonl.gz")
_SAME_S: Final = 1e-3
"""Lhotse rounds times."""

Values = Mapping[str, object]


def lhotse_set(path: Path) -> Path | None:
    """The file of cuts, or else of supervisions, that a path means; None where there is none."""
    found = _by_kind(path) if path.is_dir() else {_kind(path): path}
    return found.get("cuts") or found.get("supervisions")


def read_lhotse(path: Path) -> Iterator[Row | InvalidLine]:
    """One row for each supervision, and for a cut without any.

    Raises InvalidCorpus where the recordings of supervisions are not beside them, and OSError.
    """
    recordings = None if _kind(path) == "cuts" else _recordings(path)
    for item in read_objects(path):
        if isinstance(item, InvalidLine):
            yield item
            continue
        line, values = item
        try:
            yield from _of_cut(values, path, line) if recordings is None else [_row(values, recordings, path, line)]
        except KeyError as error:
            yield InvalidLine(path, line, f"no {error.args[0]!r}", str(values.get("id", "")))
        except (TypeError, ValueError, AttributeError) as error:
            yield InvalidLine(path, line, str(error), str(values.get("id", "")))


def _by_kind(folder: Path) -> dict[str | None, Path]:
    """The first set of each kind."""
    files = sorted(file for file in folder.glob("*.jsonl*") if file.name.endswith(_SUFFIXES))
    return {_kind(file): file for file in reversed(files)}


def _kind(path: Path) -> str | None:
    if not path.name.endswith(_SUFFIXES):
        return None
    first = next(read_objects(path), None)
    if not isinstance(first, tuple):
        return None
    marks = {"cuts": "supervisions", "supervisions": "recording_id", "recordings": "sources"}
    _, values = first
    return "cuts" if "type" in values else next((kind for kind, mark in marks.items() if mark in values), None)


def _recordings(supervisions: Path) -> dict[str, Values]:
    beside = supervisions.with_name(supervisions.name.replace("supervisions", "recordings"))
    path = beside if beside != supervisions and beside.is_file() else _by_kind(supervisions.parent).get("recordings")
    if path is None:
        raise InvalidCorpus(f"{supervisions} has no recordings beside it")
    return {str(item[1].get("id")): item[1] for item in read_objects(path) if isinstance(item, tuple)}


def _of_cut(cut: Values, path: Path, line: int) -> Iterator[Row]:
    if cut["type"] not in ("MonoCut", "MultiCut"):
        raise ValueError(f"a {cut['type']} is no stretch of one recording")
    whole = {"id": cut["id"], "start": 0, "duration": cut["duration"], "channel": cut["channel"]}
    recording = cast(Values, cut["recording"])
    for supervision in cast(Sequence[Values], cut.get("supervisions") or [whole]):
        start_s = _seconds(cut, "start") + _seconds(supervision, "start")
        custom = {**_custom(cut), **_custom(supervision)}
        placed = {**supervision, "start": start_s, "custom": custom, "recording_id": recording["id"]}
        yield _row(placed, {str(recording["id"]): recording}, path, line)


def _row(supervision: Values, recordings: Mapping[str, Values], path: Path, line: int) -> Row:
    recording = recordings[str(supervision["recording_id"])]
    start_s, duration_s = _seconds(supervision, "start"), _seconds(supervision, "duration")
    if start_s < -_SAME_S or duration_s <= 0:
        raise ValueError(f"{duration_s:g} s from {start_s:g} s on are no part of a recording")
    if _channels(supervision.get("channel", 0)) != _channels(recording.get("channel_ids") or 0):
        raise ValueError("one channel of several")
    whole = abs(start_s) < _SAME_S and abs(duration_s - _seconds(recording, "duration")) < _SAME_S
    standard = {name: supervision.get(theirs) for name, theirs in {"id": "id", **STANDARD}.items()}
    text = supervision.get("text")
    return Row(
        manifest=path,
        line=line,
        audio_filepath=Path(os.path.relpath(_source(recording), path.parent.resolve())).as_posix(),
        duration_s=round(duration_s, 6),
        text=None if text is None else str(text),
        offset_s=None if whole else round(start_s, 6),
        fields={name: value for name, value in {**standard, **_custom(supervision)}.items() if value is not None},
    )


def _source(recording: Values) -> str:
    sources = cast(Sequence[Values], recording["sources"])
    if recording.get("transforms"):
        raise ValueError("its recording is changed while it is read (transforms)")
    if len(sources) != 1 or sources[0]["type"] != "file":
        kinds = ", ".join(str(source["type"]) for source in sources)
        raise ValueError(f"its sound is no single file but: {kinds}")
    return os.path.abspath(str(sources[0]["source"]))


def _channels(value: object) -> set[object]:
    return set(value) if isinstance(value, list) else {value}


def _custom(values: Values) -> Values:
    return cast(Values, values.get("custom") or {})


def _seconds(values: Values, name: str) -> float:
    value = values[name]
    if not isinstance(value, int | float):
        raise ValueError(f"{name} is not a number")
    return float(value)
