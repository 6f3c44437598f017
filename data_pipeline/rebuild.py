"""A data set made again from its card, step by step, each held against the hash that it had.

Knows the steps that read a manifest. What came before the first of them (ingest) is the input that the caller gives.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from data_pipeline.card import StepRecord, file_sha256, read_card
from data_pipeline.dataset import Dataset, change_sound, change_table
from data_pipeline.errors import InvalidCard, NotReproduced
from data_pipeline.steps import SOUND_STEPS, TABLE_STEPS, load_sound_step, load_table_step


@runtime_checkable
class ReadsMore(Protocol):
    """A step that reads more files than its input."""

    def check(self) -> None:
        """Raises DataError with the file that is not what it was, or not there."""


def rebuild(
    card: Path,
    manifest: Path,
    out: Path,
    *,
    workers: int | None = None,
    on_step: Callable[[StepRecord], None] = lambda step: None,
) -> Dataset:
    """Run the steps of a card again, each into a folder of its own below `out`; the last one is the data set.

    `manifest` is what the first of them read. Raises InvalidCard, NotReproduced with the step that came out otherwise,
    and what `data_pipeline.dataset.change_sound` raises.
    """
    steps = [step for step in read_card(card).steps if step.name in SOUND_STEPS or step.name in TABLE_STEPS]
    if not steps:
        raise InvalidCard(f"{card}: no step of it reads a manifest")
    if file_sha256(manifest) != steps[0].input_sha256:
        raise NotReproduced(f"{manifest} is not what step 1 ({steps[0].name}) has read: its sha256 differs")
    folder = manifest.parent
    for number, step in enumerate(steps, 1):
        on_step(step)
        dataset = _again(step, manifest if number == 1 else folder / step.input, out / f"{number}-{step.name}", workers)
        if dataset.card.steps[-1].content_sha256 != step.content_sha256:
            raise NotReproduced(f"step {number} ({step.name}) came out otherwise: {dataset.manifest}")
        folder = dataset.folder
    return dataset


def _again(record: StepRecord, source: Path, out: Path, workers: int | None) -> Dataset:
    if sound := load_sound_step(record.name, record.version, record.settings):
        if isinstance(sound, ReadsMore):
            sound.check()
        return change_sound(sound, source, out, workers=workers)
    table = load_table_step(record.name, record.version, record.settings)
    if table is None:
        raise InvalidCard(f"no step {record.name!r}")
    return change_table(table, source, out)
