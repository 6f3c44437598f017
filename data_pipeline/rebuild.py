"""A data set made again from its card, step by step, each held against the hash that it had.

Begins with the manifest that the first step after ingest has read, or with the collection that ingest has taken in.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from data_pipeline.card import StepRecord, file_sha256, read_card
from data_pipeline.dataset import Dataset, change_sound, change_table
from data_pipeline.errors import InvalidCard, NotReproduced
from data_pipeline.ingest.again import ingest_again
from data_pipeline.ingest.ingest import NAME as INGEST
from data_pipeline.ingest.layouts import Place
from data_pipeline.steps import SOUND_STEPS, TABLE_STEPS, load_sound_step, load_table_step


@runtime_checkable
class ReadsMore(Protocol):
    """A step that reads more files than its input."""

    def check(self) -> None:
        """Raises DataError with the file that is not what it was, or not there."""


def rebuild(
    card: Path,
    start: Path | Place,
    out: Path,
    *,
    workers: int | None = None,
    on_step: Callable[[StepRecord], None] = lambda step: None,
) -> Dataset:
    """Run the steps of a card again, each into a folder of its own below `out`; the last one is the data set.

    `start` is the manifest that the first step after ingest has read, or the collection that ingest has. Raises
    InvalidCard, NotReproduced with the step that came out otherwise, and what the steps raise.
    """
    first, *later = _steps(card, start)
    dataset = _again(1, first, start, out, workers, on_step)
    for number, step in enumerate(later, 2):
        dataset = _again(number, step, dataset.folder / step.input, out, workers, on_step)
    return dataset


def _steps(card: Path, start: Path | Place) -> list[StepRecord]:
    """Those to run. Raises InvalidCard where there are none, NotReproduced where the first has read another file."""
    steps = [step for step in read_card(card).steps if step.name in (INGEST, *SOUND_STEPS, *TABLE_STEPS)]
    begins = bool(steps) and steps[0].name == INGEST
    if isinstance(start, Place):
        if not begins:
            raise InvalidCard(f"{card} does not begin with {INGEST}: its first step reads a manifest")
        return steps
    steps = steps[begins:]
    if not steps:
        raise InvalidCard(f"{card}: no step of it reads a manifest")
    if file_sha256(start) != steps[0].input_sha256:
        raise NotReproduced(f"{start} is not what step 1 ({steps[0].name}) has read: its sha256 differs")
    return steps


def _again(
    number: int,
    step: StepRecord,
    source: Path | Place,
    out: Path,
    workers: int | None,
    on_step: Callable[[StepRecord], None],
) -> Dataset:
    """Raises NotReproduced where the content is another."""
    on_step(step)
    folder = out / f"{number}-{step.name}"
    if isinstance(source, Place):
        dataset = ingest_again(step, source, folder, workers=workers)
    else:
        dataset = _changed(step, source, folder, workers)
    if dataset.card.steps[-1].content_sha256 != step.content_sha256:
        raise NotReproduced(f"step {number} ({step.name}) came out otherwise: {dataset.manifest}")
    return dataset


def _changed(record: StepRecord, source: Path, out: Path, workers: int | None) -> Dataset:
    if sound := load_sound_step(record.name, record.version, record.settings):
        if isinstance(sound, ReadsMore):
            sound.check()
        return change_sound(sound, source, out, workers=workers)
    table = load_table_step(record.name, record.version, record.settings)
    if table is None:
        raise InvalidCard(f"no step {record.name!r}")
    return change_table(table, source, out)
