"""What stands on two sides of a split: speakers, sessions, recordings, copies of them, and texts.

Checks any manifest whose rows have a `split`, whoever made it; also how large the parts and the largest groups are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np

from data_pipeline.columns import Column, read_columns
from data_pipeline.copies import Copies, Rows, as_column, find_copies
from data_pipeline.manifest import Row
from data_pipeline.placement import NOWHERE, PARTS, Places
from data_pipeline.split import SOUND, part_of, read_groups

FIELDS: Final = ("speaker", "session", "text")
RECORDING: Final = "recording"
"""The same file, or the same bytes."""
SHOWN: Final = 20
"""Values, the ones with most rows, that are named; the others are only counted."""


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a split."""

    rows: int
    duration_s: float
    speakers: int
    """Known ones."""


@dataclass(slots=True)
class Shared:
    """A value on several sides."""

    value: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    """By part."""
    first: dict[str, str] = field(default_factory=dict)
    """The first row of it, by part."""

    def meet(self, value: str, part: str, row: Row) -> None:
        """Take in a row of that value."""
        self.value = self.value or value
        self.first.setdefault(part, row.key)
        self.rows[part] = self.rows.get(part, 0) + 1


@dataclass(frozen=True, slots=True)
class Leak:
    """The values of one field that stand on several sides."""

    values: int
    rows: int
    """That have one of them."""
    largest: tuple[Shared, ...]


@dataclass(frozen=True, slots=True)
class LargeGroup:
    """Rows that cannot be parted and are more than was asked for the part they are in."""

    part: str
    rows: int
    share: float
    """Of all rows that have a part."""
    row: str
    """One of them."""


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """All that is said of a split."""

    parts: Mapping[str, Part]
    left_out: int
    """Rows without a part."""
    uncompared: int
    """Rows whose sound cannot be compared: it is silent, very short or cannot be read."""
    leaks: Mapping[str, Leak]
    """By field; `recording` is the same file, `sound` the same speech."""
    large_groups: tuple[LargeGroup, ...]

    def leaking(self, fields: Sequence[str]) -> list[str]:
        """Which of the fields have a value on several sides."""
        return [name for name in fields if name in self.leaks and self.leaks[name].values]

    def as_json(self) -> dict[str, object]:
        """For a file."""
        return asdict(self)


def check_split(rows: Rows, by: tuple[str, ...], shares: Mapping[str, float], *, sound: bool = True) -> SplitCheck:
    """Look at a split; recordings without a fingerprint are read, unless sound is not to be compared.

    `by` is what keeps rows together, `shares` what was asked for each part where it was. Raises WorkerDied.
    """
    copies = find_copies(rows) if sound else None
    columns = read_columns(rows(), tuple(dict.fromkeys((*FIELDS, *(name for name in by if name != SOUND)))))
    if copies:
        columns |= {RECORDING: as_column(copies.files), SOUND: as_column(copies.groups)}
    places = np.fromiter(map(part_of, rows()), np.int8, len(columns["text"]))
    parts = _parts(rows, places, columns["speaker"])
    leaks = _leaks(rows, places, columns)
    large = _large_groups(rows, places, by, copies, shares)
    uncompared = 0 if copies is None else int((~copies.known).sum())
    return SplitCheck(parts, int((places == NOWHERE).sum()), uncompared, leaks, large)


def _parts(rows: Rows, places: Places, speakers: Column) -> dict[str, Part]:
    durations_s = np.fromiter((row.duration_s for row in rows()), np.float64, len(places))
    found = {}
    for at, name in enumerate(PARTS):
        mine = places == at
        known = speakers[mine & (speakers != 0)]
        found[name] = Part(int(mine.sum()), float(durations_s[mine].sum()), len(np.unique(known)))
    return found


def _leaks(rows: Rows, places: Places, columns: Mapping[str, Column]) -> dict[str, Leak]:
    counted = {name: _shared_values(column, places) for name, column in columns.items()}
    named = {name: {value: Shared() for value in largest} for name, (_, _, largest) in counted.items()}
    for at, row in enumerate(rows()):
        for name, column in columns.items():
            shared = named[name].get(int(column[at]))
            if shared and places[at] != NOWHERE:
                shared.meet(row.field(name) or row.key, PARTS[places[at]], row)
    return {name: Leak(values, count, tuple(named[name].values())) for name, (values, count, _) in counted.items()}


def _shared_values(column: Column, places: Places) -> tuple[int, int, list[int]]:
    """How many values stand on several sides, in how many rows, and those with most rows."""
    used = (column != 0) & (places != NOWHERE)
    values, at, counts = np.unique(column[used], return_inverse=True, return_counts=True)
    sides = np.zeros(len(values), np.uint8)
    np.bitwise_or.at(sides, at, np.uint8(1) << places[used].astype(np.uint8))
    shared = np.flatnonzero(np.bitwise_count(sides) > 1)
    largest = shared[np.argsort(-counts[shared], kind="stable")[:SHOWN]]
    return len(shared), int(counts[shared].sum()), values[largest].tolist()


def _large_groups(
    rows: Rows, places: Places, by: tuple[str, ...], copies: Copies | None, shares: Mapping[str, float]
) -> tuple[LargeGroup, ...]:
    groups = read_groups(rows, by, copies if SOUND in by else None).numbers
    placed = np.flatnonzero(places != NOWHERE)
    _, first, sizes = np.unique(groups[placed], return_index=True, return_counts=True)
    asked = np.array([shares.get(part, 1.0) for part in PARTS])
    too_large = sizes > asked[places[placed[first]]] * len(placed)
    size_by_row = dict(zip(placed[first[too_large]].tolist(), sizes[too_large].tolist(), strict=True))
    found = [
        LargeGroup(PARTS[places[at]], size_by_row[at], size_by_row[at] / len(placed), row.key)
        for at, row in enumerate(rows())
        if at in size_by_row
    ]
    return tuple(sorted(found, key=lambda one: -one.rows))
