"""A data set on disk, and how a step makes one out of a manifest.

    audio/           recordings, named by their content; only where a step made new ones
    failures.jsonl   the rows that could not be used, with the reason
    manifest.jsonl   the rows; beside it one manifest for each part, where the step makes parts
    card.json        where it all comes from; written last, so that a card means that all is there

What was done stays: a run that was cut off goes on where it stopped. Knows no step in particular.
"""

import fcntl
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, Final

from data_pipeline.card import NAME as CARD
from data_pipeline.card import Card, Origin, StepRecord, file_sha256, history, read_card, write_card
from data_pipeline.errors import OtherDataset
from data_pipeline.files import whole_file
from data_pipeline.journal import AUDIO, JOURNAL, NAME_DIGITS, Journal
from data_pipeline.manifest import InvalidLine, Row, matching, read_manifest, write_manifest
from data_pipeline.steps import SoundStep, Step, TableStep, settings_of
from data_pipeline.validation import checked_lines

MANIFEST: Final = "manifest.jsonl"
FAILURES: Final = "failures.jsonl"

_Listener = Callable[[InvalidLine], None]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set that is complete."""

    folder: Path
    card: Card
    was_there: bool = False
    """It had been made before, in the same way, and nothing was done."""

    @property
    def manifest(self) -> Path:
        """Its rows."""
        return self.folder / MANIFEST


def change_sound(
    step: SoundStep,
    manifest: Path,
    out: Path,
    *,
    workers: int | None = None,
    on_done: Callable[[], None] = lambda: None,
    on_failure: _Listener = lambda failure: None,
) -> Dataset:
    """Make a data set of new recordings. A folder that holds just that already is left as it is.

    `on_done` hears of each row of the input. Raises OtherDataset where the folder holds something else, InvalidCard,
    WorkerDied, and OSError where the manifest cannot be read or the disk is full.
    """
    start = _record(step, manifest)
    earlier = history(manifest, start.input_sha256)
    with claimed(out):
        if there := finished(out, start):
            return there
        journal = Journal(out, start)
        journal.fill(step, checked_lines(manifest), workers=workers, on_done=on_done)
        dataset = _written(journal.items(), start, out, earlier=earlier, on_failure=on_failure)
        journal.remove()
        return dataset


def change_table(
    step: TableStep,
    manifest: Path,
    out: Path,
    *,
    on_done: Callable[[], None] = lambda: None,
    on_failure: _Listener = lambda failure: None,
) -> Dataset:
    """Make a data set of the same recordings with other rows; otherwise as `change_sound`."""
    start = _record(step, manifest)
    earlier = history(manifest, start.input_sha256)

    def items() -> Iterator[Row | InvalidLine]:
        yield from (line for line in checked_lines(manifest) if isinstance(line, InvalidLine))
        for item in step.change(lambda: (line for line in checked_lines(manifest) if isinstance(line, Row))):
            yield item
            on_done()

    with claimed(out):
        if there := finished(out, start):
            return there
        return _written(items(), start, out, earlier=earlier, parts=step.parts, on_failure=on_failure)


def write_dataset(
    items: Iterable[Row | InvalidLine],
    start: StepRecord,
    out: Path,
    *,
    earlier: tuple[StepRecord, ...] = (),
    on_failure: _Listener = lambda failure: None,
) -> Dataset:
    """Write rows, failures and card; `start` is the record of the step that the rows come from.

    Raises OtherDataset where another run is writing there, OSError.
    """
    with claimed(out):
        return _written(items, start, out, earlier=earlier, on_failure=on_failure)


def _written(
    items: Iterable[Row | InvalidLine],
    start: StepRecord,
    out: Path,
    *,
    earlier: tuple[StepRecord, ...],
    on_failure: _Listener,
    parts: str | None = None,
) -> Dataset:
    (out / CARD).unlink(missing_ok=True)
    with whole_file(out / FAILURES) as failures:
        tally = _Tally(failures, on_failure)
        whole = write_manifest(tally.rows_of(items), out / MANIFEST)
    record = replace(
        start,
        output_sha256={MANIFEST: whole.sha256, **_write_parts(out, parts)},
        content_sha256=whole.content_sha256,
        rows=whole.rows,
        failures=tally.failures,
    )
    software = f"voicesearch {version('voicesearch')}"
    card = Card(software, (*earlier, record), whole.rows, whole.duration_s, tally.counted_origins())
    write_card(card, out)
    return Dataset(out, card)


@dataclass
class _Tally:
    """Lets rows through and counts where they are from; puts failures into their file."""

    file: BinaryIO
    on_failure: _Listener
    failures: int = 0
    origins: Counter[Origin] = field(default_factory=Counter)

    def rows_of(self, items: Iterable[Row | InvalidLine]) -> Iterator[Row]:
        for item in items:
            if isinstance(item, Row):
                self.origins[_origin(item)] += 1
                yield item
            else:
                self.failures += 1
                self.file.write(_failure(item))
                self.on_failure(item)

    def counted_origins(self) -> tuple[Origin, ...]:
        return tuple(replace(origin, rows=rows) for origin, rows in sorted(self.origins.items(), key=repr))


def finished(out: Path, start: StepRecord) -> Dataset | None:
    """The data set that the step has made in that folder before, without a failure; None where it is still to do.

    Raises OtherDataset where the folder holds something that the step did not make.
    """
    if not (out / CARD).is_file():
        if (out / MANIFEST).exists() and not _is_begun(out):
            raise OtherDataset(f"{out} holds a manifest that is no finished data set: choose another folder")
        return None
    card = read_card(out / CARD)
    made = card.steps[-1] if card.steps else None
    if made is None or made.before != start:
        raise OtherDataset(f"{out} holds another data set: choose another folder, or replace it")
    return None if made.failures else Dataset(out, card, was_there=True)


def _is_begun(out: Path) -> bool:
    """Has a run that was cut off left its traces? The card is written after both, and removed before them."""
    return (out / JOURNAL).is_file() or (out / FAILURES).is_file()


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """The folder, made if need be, for one writer at a time. Raises OtherDataset where another is at work, OSError."""
    out.mkdir(parents=True, exist_ok=True)
    handle = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise OtherDataset(f"{out}: another run is writing there") from None
    finally:
        os.close(handle)


def clear(out: Path, *, source: Path | None) -> None:
    """Remove a data set, or the beginning of one, and nothing else that lies in its folder; `source` is read next.

    Raises OtherDataset where the source lies in that folder, InvalidCard, OSError.
    """
    if source and source.resolve().is_relative_to(out.resolve()):
        raise OtherDataset(f"{source} lies in {out}, which would be removed")
    card = read_card(out / CARD) if (out / CARD).is_file() and (out / MANIFEST).is_file() else None
    if card is None and not _is_begun(out):
        return
    manifests = card.steps[-1].output_sha256 if card and card.steps else ()
    with claimed(out):
        for name in (CARD, JOURNAL, MANIFEST, FAILURES, *manifests):
            (out / name).unlink(missing_ok=True)
        for recording in (out / AUDIO).glob("*"):
            if re.fullmatch(rf"[0-9a-f]{{{NAME_DIGITS}}}\.\w+", recording.name):
                recording.unlink()
        if (out / AUDIO).is_dir() and not any((out / AUDIO).iterdir()):
            (out / AUDIO).rmdir()


def record_of(name: str, version: int, settings: dict[str, object], source: Path, sha256: str) -> StepRecord:
    """The record of a step before it is run."""
    return StepRecord(name, version, settings, source.name, sha256)


def _record(step: Step, manifest: Path) -> StepRecord:
    return record_of(step.name, step.version, settings_of(step), manifest, file_sha256(manifest))


def _write_parts(out: Path, field: str | None) -> dict[str, str]:
    """One manifest for each value of a field, read back from the whole one; their hashes by name."""
    if field is None:
        return {}
    values = {row.field(field) for row in read_manifest(out / MANIFEST)} - {None}
    hashes = {}
    for value in sorted(map(str, values)):
        rows = matching(read_manifest(out / MANIFEST), {field: {value}})
        hashes[f"{value}.jsonl"] = write_manifest(rows, out / f"{value}.jsonl").sha256
    return hashes


def _origin(row: Row) -> Origin:
    source, corpus, license_, consent = (row.field(name) for name in ("source", "corpus", "license", "consent"))
    return Origin(source, corpus, license_, consent, rows=0)


def _failure(line: InvalidLine) -> bytes:
    told = {"manifest": line.manifest.name, "line": line.line, "reason": line.reason, "row": line.text}
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"
