"""Sets of other tools as a data set of ours: found by their files, with the step on the card.

Knows which reader takes which files; the formats are the readers'.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from data_pipeline.card import NAME as CARD
from data_pipeline.card import StepRecord, file_sha256, read_card
from data_pipeline.dataset import Dataset, finished, write_dataset
from data_pipeline.errors import InvalidCorpus
from data_pipeline.exchange.huggingface_reader import huggingface_files, read_huggingface
from data_pipeline.exchange.lhotse_reader import lhotse_set, read_lhotse
from data_pipeline.manifest import InvalidLine, Row

NAME: Final = "convert"
VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignSet:
    """A set of another tool."""

    form: str
    """`lhotse` or `huggingface`."""
    path: Path
    """What is read: a folder, or the file in it."""
    files: tuple[Path, ...]
    """All files that it consists of."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field of the manifest -> the set's name for it."""

    def read(self, out: Path) -> Iterator[Row | InvalidLine]:
        """Its rows, for a manifest in `out`. Raises what the readers raise."""
        if self.form == "lhotse":
            return read_lhotse(self.path)
        return read_huggingface(self.path, out, self.columns)


def find_foreign_set(path: Path, columns: Mapping[str, str] | None = None) -> ForeignSet:
    """The set that a path means. Raises InvalidCorpus where it is none."""
    path = path.resolve()  # as in `convert`
    if files := huggingface_files(path):
        return ForeignSet(form="huggingface", path=path, files=tuple(files), columns=columns or {})
    if (lhotse := lhotse_set(path)) and not columns:
        beside = sorted(lhotse.parent.glob("*.jsonl*")) if path.is_dir() else [lhotse]
        return ForeignSet(form="lhotse", path=lhotse, files=tuple(beside))
    raise InvalidCorpus(
        f"{path.name} is neither a set of Lhotse nor a Hugging Face data set, whose names alone can be mapped"
    )


def convert(foreign: ForeignSet, out: Path, *, on_failure: Callable[[InvalidLine], None]) -> Dataset:
    """Make a data set of ours; where it is there already, that is left as it is.

    The steps of a card that lies beside go on. Raises OtherDataset, InvalidCorpus, InvalidCard, OSError.
    """
    out = out.resolve()  # paths are written relative to it, and a link is no part of them
    hashes = "".join(f"{file.name} {file_sha256(file)}\n" for file in foreign.files)
    settings = {"form": foreign.form, "columns": dict(foreign.columns)}
    start = StepRecord(NAME, VERSION, settings, foreign.path.name, sha256(hashes.encode()).hexdigest())
    if there := finished(out, start):
        return there
    card = (foreign.path if foreign.path.is_dir() else foreign.path.parent) / CARD
    earlier = read_card(card).steps if card.is_file() else ()
    return write_dataset(foreign.read(out), start, out, earlier=earlier, on_failure=on_failure)
