"""Steps for the tests of how steps are run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from asr.audio import Audio
from data_pipeline.errors import DataError
from data_pipeline.manifest import InvalidLine, Row


@dataclass(frozen=True)
class Halving:
    """Makes two recordings of each; writes into a file which it was asked for."""

    counter: str
    name: str = "halving"
    version: int = 1

    def change(self, row: Row, audio: Audio) -> Iterator[tuple[Row, Audio]]:
        if row.field("source") == "unwanted":
            raise DataError("no such source")
        with Path(self.counter).open("a") as file:
            file.write(f"{row.line}\n")
        middle = len(audio.samples) // 2
        for part, samples in enumerate((audio.samples[:middle], audio.samples[middle:])):
            yield row.with_fields(part=part), replace(audio, samples=samples)


@dataclass(frozen=True)
class Shouting:
    """Writes all labels in capitals."""

    parts: str | None = None
    mark: str = ""
    name: str = "shouting"
    version: int = 1

    def change(self, rows: Callable[[], Iterator[Row]]) -> Iterator[Row | InvalidLine]:
        for row in rows():
            yield replace(row, text=row.text.upper() + self.mark) if row.text else row.refused("nothing is said")
