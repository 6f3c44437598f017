"""Which part each group of rows falls into: pure functions over numbers. Knows no rows and no fields."""

from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_pipeline.splitting.columns import Column, Numbers

PARTS: Final = ("train", "dev", "test")
"""In order of time; a group that was on several sides stays on the last of them."""
NOWHERE: Final = -1

Places = NDArray[np.int8]
"""Numbers of parts, or NOWHERE."""


def name_groups(columns: list[Column], groups: Numbers) -> Column:
    """What stands for each group: the smallest hash in the first of the columns in which it has any value."""
    count = int(groups.max(initial=-1)) + 1
    names = np.zeros(count, np.uint64)
    for column in columns:
        smallest = np.full(count, np.iinfo(np.uint64).max)
        np.minimum.at(smallest, groups[column != 0], column[column != 0])
        names = np.where((names == 0) & (smallest != np.iinfo(np.uint64).max), smallest, names)
    return names


def drawn(names: Column, *, salt: str, dev: float, test: float) -> Places:
    """A part for each group by its name alone; other shares of dev move no group into or out of test."""
    places = np.zeros(len(names), np.int8)
    at = np.fromiter((_position(name, salt) for name in names.tolist()), np.float64, len(names))
    places[at < test + dev] = PARTS.index("dev")
    places[at < test] = PARTS.index("test")
    return places


def _position(name: int, salt: str) -> float:
    """Evenly spread over [0, 1)."""
    digest = blake2b(name.to_bytes(8, "big") + salt.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def kept(places: Places, groups: Numbers, before: Places) -> Places:
    """The same, but a group of rows that had a part before stays there; `before` is by row."""
    last = np.full(len(places), NOWHERE, np.int8)
    np.maximum.at(last, groups, before)
    return np.where(last == NOWHERE, places, last)


def timely(sides: Places, groups: Numbers) -> Places:
    """A part for each row, given the one that its date says: rows on an earlier side than their group's last are out.

    So nothing moves to a time at which it was not recorded, and nothing is recognized again.
    """
    last = np.zeros(int(groups.max(initial=-1)) + 1, np.int8)
    np.maximum.at(last, groups, sides)
    return np.where(sides == last[groups], sides, np.int8(NOWHERE))
