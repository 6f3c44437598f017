"""Fields of a manifest as columns of hashes, and the groups of rows that share a value: 8 bytes a row and field.

Two of 1 million values meet in one hash of 64 bits in 1 of 30 million manifests, and would then only be kept together.
"""

import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_pipeline.hashing import hash64
from data_pipeline.manifest import Row

Column = NDArray[np.uint64]
"""Shape (rows,); equal values have equal hashes, 0 is no value."""
Numbers = NDArray[np.intp]
"""Shape (rows,); the number of each row's group, from 0 up."""
Pairs = NDArray[np.intp]
"""Shape (pairs, 2), of row numbers."""

FILE: Final = "audio_filepath"
"""As a column: the file that is meant, however its path is written."""
ITSELF: Final = "key"
"""As a column: the row by what stays when a manifest is moved: the hash of its sound, its id, or its file's name."""
TEXT: Final = "text"
"""As a column: its words, whatever their case and the marks between them."""
_WORD: Final = re.compile(r"[\w']+")
_BLOCK: Final = 1 << 16


def read_columns(rows: Iterable[Row], names: Sequence[str]) -> dict[str, Column]:
    """Columns of fields; an absent, null or empty value is none."""
    columns = [array("Q") for _ in names]
    for row in rows:
        for column, name in zip(columns, names, strict=True):
            value = _value(row, name)
            column.append(hash64(value) if value else 0)
    return {name: np.array(column, np.uint64) for name, column in zip(names, columns, strict=True)}


def _value(row: Row, name: str) -> str | None:
    if name == FILE:
        return os.path.normpath(row.path)
    if name == ITSELF:
        own = f"{os.path.basename(row.audio_filepath)}@{row.offset_s or 0:g}"
        return row.field("sha256") or row.field("id") or own
    if name == TEXT:
        return " ".join(_WORD.findall((row.text or "").casefold()))
    return row.field(name)


def group(count: int, columns: Iterable[Column], pairs: Iterable[Pairs] = ()) -> Numbers:
    """Groups of rows that are connected: by a value in a column, by a pair, or by a third row."""
    joined = _UnionFind(count)
    for column in columns:
        joined.join(_neighbours(column))
    for some in pairs:
        joined.join(some)
    return joined.numbers()


def _neighbours(column: Column) -> Pairs:
    """Each row that has a value, with the next one that has the same."""
    order = np.argsort(column, kind="stable")
    ordered = column[order]
    same = np.flatnonzero((ordered[1:] == ordered[:-1]) & (ordered[1:] != 0))
    return np.column_stack([order[same], order[same + 1]])


class _UnionFind:
    """Tarjan's, with path halving; the lowest row of a group stands for it."""

    def __init__(self, count: int) -> None:
        self._parents = array("q", range(count))

    def join(self, pairs: Pairs) -> None:
        for one, other in _listed(pairs):
            low, high = sorted((self._root(one), self._root(other)))
            self._parents[high] = low

    def numbers(self) -> Numbers:
        roots = np.fromiter(map(self._root, range(len(self._parents))), np.intp, len(self._parents))
        return np.unique(roots, return_inverse=True)[1].reshape(-1)

    def _root(self, at: int) -> int:
        parents = self._parents
        while parents[at] != at:
            parents[at] = parents[parents[at]]
            at = parents[at]
        return at


def _listed(pairs: Pairs) -> Iterator[list[int]]:
    for at in range(0, len(pairs), _BLOCK):
        yield from pairs[at : at + _BLOCK].tolist()
