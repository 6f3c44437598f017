"""The table of all that is measured, each recording under each condition: the one source of traffic's signals.

Kept on disk by content (recording, device, front end, model), so that what was measured once is only read again.
Knows no fleet, no user and no time of day.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any, Final

from asr.errors import AudioError
from data_pipeline import detectors
from data_pipeline.errors import CannotSimulate
from data_pipeline.manifest import Row
from data_pipeline.parallel import ordered
from data_pipeline.recordings import read_audio, read_bytes
from data_pipeline.simulation.simulate import find_speech
from data_pipeline.traffic.hearing import Condition, Measurement, fingerprint, hear

WORKERS: Final = 2
SEED: Final = 0
VERSION: Final = 1
"""Raised when more or other things are measured."""

Found = dict[str, Measurement | None]
"""By their keys; None where the device sends nothing, or the recording cannot be used."""


@dataclass(frozen=True, slots=True)
class Bench:
    """All that measuring depends on besides the recording."""

    conditions: tuple[Condition, ...]
    model_id: str = ""
    """Empty for the registry's default."""

    def keys(self, row: Row) -> list[str]:
        """One for each condition, equal where the same would be measured. Raises OSError, UndecodableAudio."""
        about = [
            sha256(read_bytes(row.path)).hexdigest(),
            row.recording,
            row.offset_s,
            row.duration_s,
            row.text,
            SEED,
            VERSION,
        ]
        return [_key(*about, repr(one), fingerprint(self.model_id, one.front_end)) for one in self.conditions]

    def measure(self, row: Row) -> list[Measurement | None]:
        """One for each condition. Raises what loading the model raises."""
        try:
            audio = read_audio(row)
        except (AudioError, OSError):
            return [None] * len(self.conditions)
        speech = find_speech(audio, detectors.detector())
        found: list[Measurement | None] = []
        for condition in self.conditions:
            try:
                found.append(hear(row, audio, speech, condition, model_id=self.model_id, seed=SEED))
            except CannotSimulate:
                found.append(None)
        return found


def measured(
    rows: Sequence[Row],
    bench: Bench,
    *,
    cache_file: Path | None = None,
    workers: int = WORKERS,
    on_done: Callable[[], None] = lambda: None,
) -> list[Measurement]:
    """Each row under each condition, in their order; what a device does not send is absent.

    `cache_file` holds what was measured before and gets what is new, row by row, so that a run that was cut off goes
    on. `on_done` hears of each row. Raises what loading the model raises, OSError, WorkerDied.
    """
    keyed = [(row, bench.keys(row)) for row in rows]
    known = dict(_lines(cache_file)) if cache_file and cache_file.is_file() else {}
    left = [row for row, keys in keyed if not known.keys() >= set(keys)]
    fresh = ordered(bench.measure, left, workers=min(workers, len(left)) or 1)
    with _appending(cache_file) as keep:
        for _, keys in keyed:
            if not known.keys() >= set(keys):
                found = dict(zip(keys, next(fresh), strict=True))
                keep(found)
                known |= found
            on_done()
    wanted = (known[key] for _, keys in keyed for key in keys)
    return [one for one in wanted if one is not None]


def with_results(table: Iterable[Measurement], search: Callable[[str], tuple[int, str | None]]) -> list[Measurement]:
    """The table with what a search finds for each transcript: how many results, and the id of the first."""
    asked = cache(search)
    found = ((one, asked(one.transcript) if one.transcript else (0, None)) for one in table)
    return [replace(one, result_count=count, top_item_id=top) for one, (count, top) in found]


def _key(*parts: object) -> str:
    return blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


@contextmanager
def _appending(path: Path | None) -> Iterator[Callable[[Found], None]]:
    if path is None:
        yield lambda found: None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        # What was cut off in the middle of a line must not spoil the next one.
        file.write(b"\n" if file.tell() else b"")

        def keep(found: Found) -> None:
            file.write("".join(_line(key, one) for key, one in found.items()).encode())

        yield keep


def _line(key: str, one: Measurement | None) -> str:
    return json.dumps({"key": key, "measured": one and asdict(one)}) + "\n"


def _lines(path: Path) -> Iterator[tuple[str, Measurement | None]]:
    with path.open("rb") as file:
        for line in file:
            try:
                values: Mapping[str, Any] = json.loads(line)
                yield values["key"], values["measured"] and Measurement(**values["measured"])
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
