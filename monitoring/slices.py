"""Which slices an event belongs to: numbers for combinations of fields, made on first sight, never too many.

A slice that would be one too many waits among the candidates (the frequent-items sketch of Apache DataSketches),
until it has been seen more often than the least seen slice, whose place it takes. So a million made-up device
names cost the memory of a few thousand, and push out no slice that has traffic. Knows no signal.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import numpy as np
from datasketches import frequent_strings_sketch
from numpy.typing import NDArray

from monitoring.findings import FLEET, Slice, slice_name

EVERYTHING: Final = 0
"""Number of the slice of all events."""
_NEW: Final = -2
NONE: Final = -1
"""In place of a slice: the event lacks a field of the combination, or the slice has no place."""
_CANDIDATES_LOG2: Final = 12
_EVICTION_FACTOR: Final = 2
"""A candidate must have been seen so many times more often than the slice whose place it takes."""

Codes = NDArray[np.int32]
"""Shape (events, combinations): numbers of slices, or `NONE`."""


class SliceTable:
    """Numbers of slices; number 0 is all events, if that combination is asked for."""

    STATE: ClassVar[tuple[str, ...]] = (
        "outside",
        "_codes",
        "_slices",
        "_combination",
        "_seen",
        "_waiting",
        "_promising",
    )

    def __init__(self, combinations: Sequence[tuple[str, ...]], *, limit: int = 1_000) -> None:
        if limit < 1 + len(combinations):
            raise ValueError(f"{limit} slices are too few for {len(combinations)} combinations of fields")
        self.combinations: Final = tuple(combinations)
        self.limit: Final = limit
        self.outside = 0
        """Times that an event's slice had no place."""
        self._codes: dict[tuple[str, ...], dict[object, int]] = {which: {} for which in self.combinations}
        self._slices: list[Slice] = []
        self._combination: list[tuple[str, ...]] = []
        self._seen = np.zeros(limit, np.int64)
        self._waiting = frequent_strings_sketch(_CANDIDATES_LOG2)
        self._promising: dict[str, tuple[tuple[str, ...], object, Slice]] = {}
        if () in self._codes:
            self._add((), (), FLEET)

    def __len__(self) -> int:
        return len(self._slices)

    def __getitem__(self, code: int) -> Slice:
        return self._slices[code]

    def seen(self) -> NDArray[np.int64]:
        """Events of each slice so far; shape (slices,)."""
        return self._seen[: len(self)]

    def of(self, combination: tuple[str, ...]) -> list[int]:
        """Numbers of all slices of a combination."""
        return list(self._codes[combination].values())

    def combination_of(self, code: int) -> tuple[str, ...]:
        """The fields that make the slice."""
        return self._combination[code]

    def code_of(self, which: Slice) -> int:
        """The slice's number, or `NONE`."""
        fields = dict(which)
        for combination, codes in self._codes.items():
            if fields.keys() == set(combination):
                return codes.get(_key(combination, fields), NONE)
        return NONE

    def wholes(self, code: int) -> list[int]:
        """Numbers of the slices that this one is part of, all events among them."""
        fields = dict(self._slices[code])
        found = (
            codes.get(_key(combination, fields), NONE)
            for combination, codes in self._codes.items()
            if set(combination) < fields.keys()
        )
        return [one for one in found if one != NONE]

    def codes(self, slices: Sequence[Mapping[str, str]]) -> tuple[Codes, list[int]]:
        """Each event's slices, and the numbers whose slice has just changed: what is known of them is void."""
        reused = self._promote()
        objects = list(map(id, slices))  # events share their mappings, and to compare these is slow
        distinct: dict[tuple[tuple[str, str], ...], int] = {}
        place_of = {
            one: distinct.setdefault(tuple(fields.items()), len(distinct))
            for one, fields in dict(zip(objects, slices, strict=True)).items()
        }
        places = np.fromiter(map(place_of.__getitem__, objects), np.intp, len(objects))
        found = self._codes_of([dict(key) for key in distinct], np.bincount(places, minlength=len(distinct)).tolist())
        codes = found[places]
        self._seen += np.bincount(codes[codes >= 0], minlength=self.limit)
        return codes, reused

    def _codes_of(self, slices: Sequence[Mapping[str, str]], counts: Sequence[int]) -> Codes:
        """Of mappings that differ, which so many events have."""
        found = np.full((len(slices), len(self.combinations)), NONE, np.int32)
        for column, combination in enumerate(self.combinations):
            if combination == ():
                found[:, column] = 0
                continue
            known, keys = self._codes[combination], _keys(combination, slices)
            codes = [NONE if key is None else known.get(key, _NEW) for key in keys]
            for row in [row for row, code in enumerate(codes) if code == _NEW]:
                codes[row] = self._place(combination, keys[row], slices[row], counts[row])
            found[:, column] = codes
        return found

    def _place(self, combination: tuple[str, ...], key: object, fields: Mapping[str, str], count: int) -> int:
        if (code := self._codes[combination].get(key, NONE)) != NONE:  # placed by an event of the same batch
            return code
        which: Slice = tuple((field, fields[field]) for field in sorted(combination))
        if len(self) < self.limit:
            return self._add(combination, key, which)
        self.outside += count
        name = slice_name(which).encode(errors="replace").decode()  # a lone surrogate has no UTF-8
        self._waiting.update(name, count)
        if self._waiting.get_lower_bound(name) > _EVICTION_FACTOR * self._seen.min():
            self._promising[name] = (combination, key, which)
        return NONE

    def _promote(self) -> list[int]:
        """Between batches, so that no number changes its meaning within one."""
        reused = []
        for name, (combination, key, which) in self._promising.items():
            rarest = int(np.argmin(self._seen))
            seen = self._waiting.get_lower_bound(name)
            if seen > _EVICTION_FACTOR * self._seen[rarest]:
                self._forget(rarest)
                self._seen[rarest] = seen
                reused.append(self._add(combination, key, which, rarest))
        self._promising.clear()
        return reused

    def _add(self, combination: tuple[str, ...], key: object, which: Slice, code: int | None = None) -> int:
        if code is None:
            code = len(self)
            self._slices.append(which)
            self._combination.append(combination)
        else:
            self._slices[code], self._combination[code] = which, combination
        self._codes[combination][key] = code
        return code

    def _forget(self, code: int) -> None:
        combination = self._combination[code]
        del self._codes[combination][_key(combination, dict(self._slices[code]))]
        self._seen[code] = 0


def _key(combination: tuple[str, ...], fields: Mapping[str, str]) -> object:
    return fields[combination[0]] if len(combination) == 1 else tuple(fields[field] for field in combination)


def _keys(combination: tuple[str, ...], slices: Sequence[Mapping[str, str]]) -> Sequence[object]:
    if len(combination) == 1:
        (field,) = combination
        return [fields.get(field) for fields in slices]
    columns = [[fields.get(field) for fields in slices] for field in combination]
    return [None if None in key else key for key in zip(*columns, strict=True)]
