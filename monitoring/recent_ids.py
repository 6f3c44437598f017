"""Which identifiers came lately, exactly, in eight bytes each and in bounded memory.

Identifiers are known by 64 bits of their hash: among two million, two share theirs once in ten million runs. Two
generations are kept; as one begins, the one before the last is forgotten. Knows no clock and no event.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]

_FIRST_BITS: Final = 12


def keys_of(identifiers: Iterable[str]) -> Keys:
    """Shape (n,): the hash of each, the same in every process; never 0."""
    hashed = [blake2b(one.encode("utf-8", "surrogatepass"), digest_size=8).digest() for one in identifiers]
    keys: Keys = np.maximum(np.frombuffer(b"".join(hashed), dtype="<u8"), np.uint64(1))
    return keys


class Generation:
    """A growing set of keys: a hash table with open addressing, filled and asked a whole array at a time."""

    def __init__(self) -> None:
        self.count = 0
        self._bits = _FIRST_BITS
        self._slots: Keys = np.zeros(1 << self._bits, dtype=np.uint64)

    @classmethod
    def of(cls, keys: Keys) -> Self:
        """The set of these keys."""
        made = cls()
        made.add(np.unique(keys))
        return made

    @property
    def keys(self) -> Keys:
        """All of them, in no order."""
        held: Keys = self._slots[self._slots != 0]
        return held

    def has(self, keys: Keys) -> Mask:
        """Which of the keys are in it."""
        return self._probe(keys, insert=False)

    def add(self, keys: Keys) -> None:
        """Put in keys of which no two are equal."""
        while self.count + len(keys) > len(self._slots) // 2:
            before = self.keys
            self._bits += 1
            self._slots = np.zeros(1 << self._bits, dtype=np.uint64)
            self._probe(before, insert=True)
        self.count += len(keys) - int(self._probe(keys, insert=True).sum())

    def _probe(self, keys: Keys, *, insert: bool) -> Mask:
        """Go from slot to slot with all keys at once until each is found, or met an empty slot; which were found."""
        found = np.zeros(len(keys), dtype=np.bool_)
        slot = (keys >> np.uint64(64 - self._bits)).astype(np.int64)
        left = np.arange(len(keys))
        while len(left):
            wanted, where = keys[left], slot[left]
            there = self._slots[where]
            found[left[there == wanted]] = True
            settled = (there == wanted) | (there == 0)
            if insert:
                free = there == 0
                self._slots[where[free]] = wanted[free]
                settled &= self._slots[where] == wanted  # of several keys that take one slot the last one has it
            left = left[~settled]
            slot[left] = (slot[left] + 1) & (len(self._slots) - 1)
        return found


class RecentIds:
    """The identifiers of two generations."""

    def __init__(self) -> None:
        self.current = Generation()
        self.previous = Generation()

    def take(self, keys: Keys) -> Mask:
        """Remember the keys; which of them are new, counting the first of equal ones in the array."""
        new = np.zeros(len(keys), dtype=np.bool_)
        new[np.unique(keys, return_index=True)[1]] = True
        new &= ~self.previous.has(keys) & ~self.current.has(keys)
        self.current.add(keys[new])
        return new

    def turn(self) -> int:
        """Begin a new generation; how many keys are forgotten by that."""
        forgotten = self.previous.count
        self.previous, self.current = self.current, Generation()
        return forgotten
