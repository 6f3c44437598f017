"""A data set on disk, and how a step makes one out of a manifest.

    audio/           recordings, named by their content; only where a step made new ones
    failures.jsonl   the rows that could not be used, with the reason
    manifest.jsonl   the rows; beside it one manifest for each part, where the step makes parts
    card.json        where it all comes from; written last, so that a card means that all is there

What was done stays: a run that was cut off goes on where it stopped. Knows no step in particular.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from shutil import rmtree
from typing import BinaryIO, Final

from data_pipeline.card import NAME as CARD
from data_pipeline.card import Card, Origin, StepRecord, file_sha256, history, read_card, write_card
from data_pipeline.errors import OtherDataset
from data_pipeline.files import whole_file
from data_pipeline.journal import AUDIO, JOURNAL, Journal
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
    if there := finished(out, start):
        return there
    journal = Journal(out, start)
    journal.fill(step, checked_lines(manifest), workers=workers, on_done=on_done)
    dataset = write_dataset(journal.items(), start, out, earlier=earlier, on_failure=on_failure)
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
    if there := finished(out, start):
        return there

    def items() -> Iterator[Row | InvalidLine]:
        yield from (line for line in checked_lines(manifest) if isinstance(line, InvalidLine))
        for item in step.change(lambda: (line for line in checked_lines(manifest) if isinstance(line, Row))):
            yield item
            on_done()

    return write_dataset(items(), start, out, earlier=earlier, parts=step.parts, on_failure=on_failure)


def write_dataset(
    items: Iterable[Row | InvalidLine],
    start: StepRecord,
    out: Path,
    *,
    earlier: tuple[StepRecord, ...] = (),
    parts: str | None = None,
    on_failure: _Listener = lambda failure: None,
) -> Dataset:
    """Write rows, failures, parts and card; `start` is the record of the step that the rows come from.

    Raises OSError.
    """
    (out / CARD).unlink(missing_ok=True)
    origins: Counter[Origin] = Counter()
    failures: list[None] = []

    def kept(file: BinaryIO) -> Iterator[Row]:
        for item in items:
            if isinstance(item, Row):
                origins[_origin(item)] += 1
                yield item
            else:
                failures.append(None)
                file.write(_failure(item))
                on_failure(item)

    with whole_file(out / FAILURES) as file:
        whole = write_manifest(kept(file), out / MANIFEST)
    hashes = {MANIFEST: whole.sha256, **_write_parts(out, parts)}
    record = replace(
        start,
        output_sha256=hashes,
        content_sha256=whole.content_sha256,
        rows=whole.rows,
        failures=len(failures),
    )
    counted = tuple(replace(origin, rows=rows) for origin, rows in sorted(origins.items(), key=repr))
    card = Card(f"voicesearch {version('voicesearch')}", (*earlier, record), whole.rows, whole.duration_s, counted)
    write_card(card, out)
    return Dataset(out, card)


def finished(out: Path, start: StepRecord) -> Dataset | None:
    """The data set that the step has made in that folder before, without a failure; None where it is still to do.

    Raises OtherDataset where the folder holds something that the step did not make.
    """
    if not (out / CARD).is_file():
        if (out / MANIFEST).exists():
            raise OtherDataset(f"{out} holds a manifest that is no finished data set: choose another folder")
        return None
    card = read_card(out / CARD)
    made = card.steps[-1] if card.steps else None
    if made is None or made.before != start:
        raise OtherDataset(f"{out} holds another data set: choose another folder, or replace it")
    return None if made.failures else Dataset(out, card, was_there=True)


def clear(out: Path) -> None:
    """Remove a data set, or the beginning of one; a folder that is neither is left alone. Raises OSError."""
    if (out / CARD).is_file() or (out / JOURNAL).is_file():
        for name in (CARD, JOURNAL, *(path.name for path in out.glob("*.jsonl"))):
            (out / name).unlink(missing_ok=True)
        rmtree(out / AUDIO, ignore_errors=True)


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
