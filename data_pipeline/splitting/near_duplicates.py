"""Which of many fingerprints are near each other, without comparing all pairs.

Fingerprints that agree in a few random bits are candidates; with many such tables hardly any pair that is near is
missed (locality-sensitive hashing: Indyk and Motwani, STOC 1998). 1 million take 32 MB and a few tens of MB besides.
Knows no sound.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_pipeline.splitting.columns import Pairs
from data_pipeline.splitting.fingerprint import BYTES, MAX_DISTANCE

Fingerprints = NDArray[np.uint8]


TABLES: Final = 48
MAX_BITS: Final = 24
MAX_BUCKET: Final = 256
"""How many neighbours in its bucket one is compared with; bounds the time where everything falls into one."""
COMPARED: Final = 1 << 20
"""Pairs compared at once."""


def near_pairs(fingerprints: Fingerprints, *, max_distance: int = MAX_DISTANCE) -> Iterator[Pairs]:
    """Pairs of row numbers whose fingerprints differ in `max_distance` bits at most, enough to connect all that do.

    `fingerprints` has shape (n, 32); each of the pairs has shape (pairs, 2), and may come again. Of equal ones each
    is paired with the first of them only.
    """
    distinct, first, inverse = np.unique(fingerprints, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    again = np.flatnonzero(first[inverse] != np.arange(len(fingerprints)))
    yield np.column_stack([first[inverse[again]], again])
    words = np.ascontiguousarray(distinct).view(np.uint64)
    for keys in _tables(distinct):
        for pairs in _candidates(keys):
            near = np.bitwise_count(words[pairs[:, 0]] ^ words[pairs[:, 1]]).sum(axis=1) <= max_distance
            yield first[pairs[near]]


def _tables(fingerprints: Fingerprints) -> Iterator[NDArray[np.uint32]]:
    """A key for each fingerprint in each table: so many bits that few share a key by chance."""
    bits = min(MAX_BITS, max(8, len(fingerprints).bit_length() - 2))
    random = np.random.default_rng(0)
    for _ in range(TABLES):
        keys = np.zeros(len(fingerprints), np.uint32)
        for at in random.choice(BYTES * 8, bits, replace=False):
            keys = keys << np.uint32(1) | (fingerprints[:, at // 8] >> np.uint8(7 - at % 8) & np.uint8(1))
        yield keys


def _candidates(keys: NDArray[np.uint32]) -> Iterator[Pairs]:
    """Pairs that share a key, some at a time."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.arange(len(order))
    for step in range(1, MAX_BUCKET):
        starts = starts[starts < len(order) - step]
        starts = starts[ordered[starts] == ordered[starts + step]]
        if not starts.size:
            return
        for at in range(0, len(starts), COMPARED):
            part = starts[at : at + COMPARED]
            yield np.column_stack([order[part], order[part + step]])
