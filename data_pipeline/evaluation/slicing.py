"""Parts utterances by what is known of them: a field of the manifest, what the front end measured, the confidence.

Numbers are parted in bins, and several fields can be crossed. Knows no scores.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final

import numpy as np

from asr.statistics import AudioStatistics
from data_pipeline.errors import InvalidSlicing
from data_pipeline.evaluation.scores import Utterance
from data_pipeline.manifest import Row

NO_VALUE: Final = "(none)"
"""Slice of the utterances that lack the field."""
RARE: Final = "(rare)"
"""Slice of all values with too few utterances."""
MAX_SLICES: Final = 100
"""Of one slicing: what is left after the most frequent ones is rare."""
MAX_VALUES: Final = 12
"""A field with more different numbers is parted at its quartiles."""
CONFIDENCE: Final = "confidence"
MEASURED: Final = frozenset(one.name for one in fields(AudioStatistics))
"""What the first system that measures recordings says of them."""
_LAST: Final = 1 << 30

Partition = dict[str, list[int]]
"""Numbers of the utterances of each slice, by its name."""


@dataclass(frozen=True, slots=True)
class SliceField:
    """One field to part by."""

    name: str
    edges: tuple[float, ...] = ()
    """Where one bin of numbers ends and the next begins, ascending; none lets the values decide."""

    def __str__(self) -> str:
        """As `read_slicing` takes it."""
        return self.name + (":" + ",".join(f"{edge:.12g}" for edge in self.edges) if self.edges else "")


@dataclass(frozen=True, slots=True)
class Slicing:
    """One way to part the utterances: by a field, or by several at once."""

    fields: tuple[SliceField, ...]

    @property
    def name(self) -> str:
        """As the results call it: `device_model+app_version`."""
        return "+".join(one.name for one in self.fields)

    def __str__(self) -> str:
        """As `read_slicing` takes it."""
        return "+".join(
            one.name + (":" + ",".join(f"{edge:.12g}" for edge in one.edges) if one.edges else "")
            for one in self.fields
        )


@dataclass(frozen=True, slots=True, order=True)
class _Label:
    """The value of a field as a slice is called, in its order."""

    rank: int
    text: str = NO_VALUE


def read_slicing(text: str) -> Slicing:
    """From `FIELD[:EDGE,EDGE...][+FIELD...]`. Raises InvalidSlicing.

    >>> read_slicing("device_model+duration:2,5").fields[1].edges
    (2.0, 5.0)
    """
    return Slicing(tuple(_slice_field(part) for part in text.split("+")))


def check_slicings(slicings: Sequence[Slicing], rows: Sequence[Row]) -> None:
    """Raises InvalidSlicing for a field that no row has and that nobody measures."""
    known = {CONFIDENCE, *MEASURED}.union(*(row.as_json() for row in rows))
    for name in (one.name for slicing in slicings for one in slicing.fields):
        if name not in known:
            raise InvalidSlicing(f"no row has the field {name!r}; there are: {', '.join(sorted(known))}")


def partition(slicing: Slicing, runs: Sequence[Sequence[Utterance]], *, min_count: int = 1) -> Partition:
    """The slices of utterances that several systems answered, given one sequence for each system.

    A slice with fewer than `min_count` utterances is part of the rare ones.
    """
    by_field = [_labels(one, _values(one.name, runs)) for one in slicing.fields]
    parts: Partition = {}
    order: dict[str, tuple[_Label, ...]] = {}
    for index, labels in enumerate(zip(*by_field, strict=True)):
        name = " + ".join(label.text for label in labels)
        parts.setdefault(name, []).append(index)
        order.setdefault(name, labels)
    frequent = sorted(parts, key=lambda name: (-len(parts[name]), order[name]))[:MAX_SLICES]
    large = sorted((name for name in frequent if len(parts[name]) >= min_count), key=lambda name: order[name])
    kept = {name: parts[name] for name in large if name != RARE}
    rare = sorted(index for name, some in parts.items() if name not in kept for index in some)
    return {**kept, RARE: rare} if rare else kept


def _slice_field(text: str) -> SliceField:
    name, colon, edges = text.partition(":")
    if not name.strip():
        raise InvalidSlicing(f"{text!r} names no field to part by")
    if not colon:
        return SliceField(name.strip())
    try:
        numbers = tuple(float(edge) for edge in edges.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(map(math.isfinite, numbers)) or any(a >= b for a, b in pairwise(numbers)):
        raise InvalidSlicing(f"{text!r}: edges must be ascending numbers, as in duration:2,5,10")
    return SliceField(name.strip(), numbers)


def _values(name: str, runs: Sequence[Sequence[Utterance]]) -> list[object]:
    return [_value(name, of_one) for of_one in zip(*runs, strict=True)]


def _value(name: str, utterances: Sequence[Utterance]) -> object:
    """What the manifest says; else what the first system that knows says."""
    written = utterances[0].row.as_json().get(name)
    if written is not None:
        return written
    said = (
        one.answer.confidence if name == CONFIDENCE else (one.answer.measured or {}).get(name) for one in utterances
    )
    return next((value for value in said if value is not None), None)


def _labels(by: SliceField, values: Sequence[object]) -> list[_Label]:
    numbers = [_number(value, texts=bool(by.edges)) for value in values]
    there = {number for number in numbers if number is not None}
    if by.edges:
        return _binned(by.edges, numbers)
    if there and all(number is not None or value is None for number, value in zip(numbers, values, strict=True)):
        if len(there) > MAX_VALUES:
            return _binned(_quartiles(there, numbers), numbers)
        ranks: Mapping[object, int] = {number: rank for rank, number in enumerate(sorted(there))}
        return [_Label(_LAST) if number is None else _Label(ranks[number], f"{number:.12g}") for number in numbers]
    return [_Label(_LAST) if value is None else _Label(0, str(value)) for value in values]


def _number(value: object, *, texts: bool) -> float | None:
    """The finite number that a value is, or with `texts` that it writes."""
    if isinstance(value, bool) or not isinstance(value, int | float | (str if texts else float)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _binned(edges: Sequence[float], numbers: Sequence[float | None]) -> list[_Label]:
    written = [f"{edge:.12g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(written)]
    labels = [_Label(rank, name) for rank, name in enumerate((f"below {written[0]}", *between, f"from {written[-1]}"))]
    return [_Label(_LAST) if number is None else labels[bisect_right(edges, number)] for number in numbers]


def _quartiles(there: set[float], numbers: Sequence[float | None]) -> list[float]:
    """The quartiles as a person would write them: two digits, if these still part the values."""
    found = np.quantile([number for number in numbers if number is not None], (0.25, 0.5, 0.75))
    rounded = sorted({float(f"{value:.2g}") for value in found.tolist()})
    apart = [edge for edge in rounded if min(there) < edge <= max(there)]
    return apart or [sorted(there)[len(there) // 2]]
