"""Rows are parted into train, dev and test, so that nothing that would be recognized again stands on two sides.

Rows that share a speaker, a session or a sound, directly or through others, are one group and are never parted. A
group is placed by a hash of what names it (the smallest of its speakers' hashes; where none is known of its
sessions'; else of its rows'), so that rows that come later move no group, unless they bring a new speaker into it and
so make one group of two. By time, a row belongs where its date says, and earlier rows of a group that also stands
behind a border are left out. Knows what is alike; whether that came out is for `leakage` to say.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from data_pipeline.errors import InvalidSplit
from data_pipeline.manifest import InvalidLine, Row
from data_pipeline.splitting.columns import ITSELF, Column, Numbers, group, read_columns
from data_pipeline.splitting.copies import FIELD, Copies, Rows, as_column, find_copies
from data_pipeline.splitting.placement import NOWHERE, PARTS, Places, drawn, kept, name_groups, timely

SOUND: Final = "sound"
"""Among the fields to keep together: the same speech, by its fingerprint."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Rows that are never parted."""

    numbers: Numbers
    """The group of each row."""
    names: Column
    """Of each group: a hash of what names it, by which it is placed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitting:
    """The step."""

    train: float = 0.8
    dev: float = 0.1
    test: float = 0.1
    """Shares of the groups; where a date decides, the shares before it."""
    by: tuple[str, ...] = ("speaker", "session", SOUND)
    """Fields whose values stand on one side only; the first that is known names a group."""
    salt: str = ""
    """Another one is another draw."""
    dev_from: str | None = None
    """Date and time (ISO 8601, UTC unless it says otherwise) from which rows are dev."""
    test_from: str | None = None
    keep: bool = False
    """Groups of rows that have a split already stay in it."""

    @property
    def name(self) -> str:
        """See `TableStep`."""
        return "split"

    @property
    def version(self) -> int:
        """See `TableStep`."""
        return 1

    @property
    def parts(self) -> str:
        """See `TableStep`."""
        return "split"

    def change(self, rows: Callable[[], Iterator[Row]]) -> Iterator[Row | InvalidLine]:
        """The rows with their `split`, and without one those that are left out. Raises InvalidSplit, WorkerDied."""
        borders = self.borders()

        def usable() -> Iterator[Row]:
            return (row for row in rows() if not borders or recorded_at(row))

        copies = find_copies(usable) if SOUND in self.by else None
        groups = read_groups(usable, self.by, copies)
        places = self._timely(usable, groups, borders) if borders else self._drawn(usable, groups)
        at = 0
        for row in rows():
            if borders and not recorded_at(row):
                yield row.refused(f"`recorded_at` must be a date as in ISO 8601, not {row.field('recorded_at')!r:.60}")
                continue
            told = {FIELD: copies.written(at)} if copies else {}
            yield row.with_fields(**told, split=None if places[at] == NOWHERE else PARTS[places[at]])
            at += 1

    def borders(self) -> tuple[datetime, datetime] | None:
        """Where dev and test begin; None where no date decides. Raises InvalidSplit where the settings do not fit."""
        shares = (self.train, self.dev, self.test)
        if not (min(shares) >= 0 and abs(sum(shares) - 1) < 1e-6):
            raise InvalidSplit(f"shares of {self.train:g}, {self.dev:g} and {self.test:g} do not add up to 1")
        dev, test = _border(self.dev_from), _border(self.test_from)
        if test is None and dev is not None:
            raise InvalidSplit("a date for dev needs a later one for test")
        if test is None:
            return None
        if self.keep:
            raise InvalidSplit("where dates decide, no earlier split can be kept")
        if dev is not None and dev >= test:
            raise InvalidSplit(f"dev would begin on {self.dev_from}, not before test on {self.test_from}")
        return dev or test, test

    def _drawn(self, rows: Rows, groups: Groups) -> Places:
        places = drawn(groups.names, salt=self.salt, dev=self.dev, test=self.test)
        if self.keep:
            before = np.fromiter(map(part_of, rows()), np.int8, len(groups.numbers))
            places = kept(places, groups.numbers, before)
        return places[groups.numbers]

    def _timely(self, rows: Rows, groups: Groups, borders: tuple[datetime, datetime]) -> Places:
        times = filter(None, map(recorded_at, rows()))
        sides = (sum(time >= border for border in borders) for time in times)
        places = timely(np.fromiter(sides, np.int8, len(groups.numbers)), groups.numbers)
        if self.dev_from is None and self.train + self.dev > 0:
            dev = self.dev / (self.train + self.dev)
            early = drawn(groups.names, salt=self.salt, dev=dev, test=0.0)[groups.numbers]
            places = np.where(places == PARTS.index("train"), early, places)
        return places


def read_groups(rows: Rows, by: tuple[str, ...], copies: Copies | None) -> Groups:
    """The groups of rows that share a value of these fields or, where copies are given, their sound."""
    columns = read_columns(rows(), [*(name for name in by if name != SOUND), ITSELF])
    itself = columns.pop(ITSELF)
    sound = [] if copies is None else [as_column(copies.groups)]
    numbers = group(len(itself), [*columns.values(), *sound])
    return Groups(numbers, name_groups([*columns.values(), itself], numbers))


def part_of(row: Row) -> int:
    """The number of the part that a row is in; NOWHERE for none of ours."""
    split = row.field("split")
    return PARTS.index(split) if split in PARTS else NOWHERE


def recorded_at(row: Row) -> datetime | None:
    """When a row was recorded; None where that is not known, or written in another way than ISO 8601."""
    return _moment(row.field("recorded_at") or "")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _border(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = _moment(text)
    if moment is None:
        raise InvalidSplit(f"{text!r} is no date as in ISO 8601")
    return moment
