"""What stands on two sides of a split: speakers, sessions, recordings, copies of them, and texts.

Checks any manifest whose rows have a `split`, whoever made it; also how large the parts and the largest groups are.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_pipeline.manifest import Row
from data_pipeline.splitting.columns import TEXT, Column, group, read_columns
from data_pipeline.splitting.copies import Rows, as_column, find_copies
from data_pipeline.splitting.placement import NOWHERE, PARTS, Places
from data_pipeline.splitting.split import SOUND, part_of

FIELDS: Final = ("speaker", "session", TEXT)
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
    """Rows that cannot be parted."""

    part: str
    rows: int
    share: float
    """Of all rows that have a part."""
    too_large: bool
    """More than was asked for the whole part."""
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
    """The largest, and any others that are too large."""

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
    places, durations_s = array("b"), array("d")

    def placed() -> Iterator[Row]:
        for row in rows():
            places.append(part_of(row))
            durations_s.append(row.duration_s)
            yield row

    fields = dict.fromkeys((*FIELDS, *(name for name in by if name != SOUND)))
    columns = read_columns(placed(), tuple(fields))
    if copies:
        columns |= {RECORDING: as_column(copies.files), SOUND: as_column(copies.groups)}
    at = np.frombuffer(places, np.int8)
    large = _large_groups([columns[name] for name in by if name in columns], at, shares)
    leaks, named = _look_up(rows, at, columns, large, shares)
    parts = _parts(at, np.frombuffer(durations_s), columns["speaker"])
    uncompared = 0 if copies is None else int((~copies.known).sum())
    return SplitCheck(parts, int((at == NOWHERE).sum()), uncompared, leaks, named)


def _parts(places: Places, durations_s: NDArray[np.float64], speakers: Column) -> dict[str, Part]:
    found = {}
    for at, name in enumerate(PARTS):
        mine = places == at
        known = speakers[mine & (speakers != 0)]
        found[name] = Part(int(mine.sum()), round(float(durations_s[mine].sum()), 3), len(np.unique(known)))
    return found


def _look_up(
    rows: Rows, places: Places, columns: Mapping[str, Column], large: Mapping[int, int], shares: Mapping[str, float]
) -> tuple[dict[str, Leak], tuple[LargeGroup, ...]]:
    """The leaks, and the groups whose first rows and sizes are given, with their names."""
    counted = {name: _shared_values(column, places) for name, column in columns.items()}
    shared = {name: {value: Shared() for value in largest} for name, (_, _, largest) in counted.items()}
    groups, total = [], int((places != NOWHERE).sum())
    for at, row in enumerate(rows()):
        if places[at] == NOWHERE:
            continue
        for name, column in columns.items():
            if shared[name] and (value := shared[name].get(int(column[at]))):
                value.meet(row.field(name) or row.key, PARTS[places[at]], row)
        if at in large:
            share, part = large[at] / total, PARTS[places[at]]
            groups.append(LargeGroup(part, large[at], share, share > shares.get(part, 1.0), row.key))
    leaks = {name: Leak(values, count, tuple(shared[name].values())) for name, (values, count, _) in counted.items()}
    return leaks, tuple(sorted(groups, key=lambda one: -one.rows))


def _shared_values(column: Column, places: Places) -> tuple[int, int, list[int]]:
    """How many values stand on several sides, in how many rows, and those with most rows."""
    used = (column != 0) & (places != NOWHERE)
    values, at, counts = np.unique(column[used], return_inverse=True, return_counts=True)
    sides = np.zeros(len(values), np.uint8)
    np.bitwise_or.at(sides, at, np.uint8(1) << places[used].astype(np.uint8))
    several = np.flatnonzero(np.bitwise_count(sides) > 1)
    largest = several[np.argsort(-counts[several], kind="stable")[:SHOWN]]
    return len(several), int(counts[several].sum()), values[largest].tolist()


def _large_groups(columns: Sequence[Column], places: Places, shares: Mapping[str, float]) -> dict[int, int]:
    """The largest group and all that are more than the share of their part: the first row and the size of each."""
    placed = np.flatnonzero(places != NOWHERE)
    if not placed.size:
        return {}
    groups = group(len(places), columns)[placed]
    _, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    asked = np.array([shares.get(part, 1.0) for part in PARTS])
    large = (sizes > asked[places[placed[first]]] * len(placed)) | (np.arange(len(sizes)) == sizes.argmax())
    return dict(zip(placed[first[large]].tolist(), sizes[large].tolist(), strict=True))
