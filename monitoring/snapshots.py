"""Keeps what a monitor knows beside the events, together with the position up to which it knows them.

Both are written in one transaction, which also asks whether this replica still watches; so whoever loads a snapshot
and reads on after its position counts every event once, wherever the last one died. Knows nothing of what the state
means. The older of two is there for the case that the newer one turns out to be damaged or of another version.
"""

import logging
import struct
import zlib
from collections.abc import Callable
from typing import Final, TypeVar

import sqlalchemy as sa

from monitoring.errors import UnusableState
from monitoring.lease import Lease, database_time
from monitoring.store import EventStore
from monitoring.tables import SNAPSHOTS

logger = logging.getLogger(__name__)

Restored = TypeVar("Restored")

FORMAT: Final = 1
_MAGIC: Final = b"monitor\n"
_HEAD: Final = struct.Struct("<8sHq")
_CHECKSUM: Final = struct.Struct("<I")
_KEPT: Final = 2


def pack(state: bytes, *, position: int) -> bytes:
    """The state, compressed, behind a header of format and position, and a checksum of both."""
    packed = _HEAD.pack(_MAGIC, FORMAT, position) + zlib.compress(state, 1)
    return packed + _CHECKSUM.pack(zlib.crc32(packed))


def unpack(snapshot: bytes) -> tuple[int, bytes]:
    """Position and state. Raises UnusableState for what is no snapshot, damaged, or of another format."""
    packed, checksum = snapshot[: -_CHECKSUM.size], snapshot[-_CHECKSUM.size :]
    if len(packed) < _HEAD.size or not packed.startswith(_MAGIC):
        raise UnusableState("not a monitor's snapshot")
    if checksum != _CHECKSUM.pack(zlib.crc32(packed)):
        raise UnusableState("a damaged snapshot: its checksum is wrong")
    _, version, position = _HEAD.unpack_from(packed)
    if version != FORMAT:
        raise UnusableState(f"a snapshot of format {version}; this version reads {FORMAT}")
    return position, zlib.decompress(packed[_HEAD.size :])


class Snapshots:
    """The snapshots of one monitor, by its name, in the database of the events."""

    def __init__(self, store: EventStore, name: str) -> None:
        self._store = store
        self._name = name

    def save(self, state: bytes, *, position: int, lease: Lease) -> None:
        """Keep this state, and the one before it. Raises LeaseLost where another replica watches by now."""
        packed = pack(state, position=position)
        mine = SNAPSHOTS.c.name == self._name
        kept = sa.select(SNAPSHOTS.c.number).where(mine).order_by(SNAPSHOTS.c.number.desc()).limit(_KEPT)
        with self._store.transaction() as connection:
            lease.confirm(connection)
            row = {"name": self._name, "position": position, "saved_at": database_time(connection), "state": packed}
            connection.execute(sa.insert(SNAPSHOTS).values(row))
            numbers = connection.execute(kept).scalars().all()
            connection.execute(sa.delete(SNAPSHOTS).where(mine, SNAPSHOTS.c.number < min(numbers)))

    def load(self, restore: Callable[[bytes], Restored]) -> tuple[int, Restored] | None:
        """Position and what `restore` makes of the newest state that it does not refuse; None if there is none yet.

        `restore` refuses by raising UnusableState. Raises it too where every snapshot is refused.
        """
        reasons = []
        newest_first = sa.select(SNAPSHOTS.c.number, SNAPSHOTS.c.state).where(SNAPSHOTS.c.name == self._name)
        with self._store.transaction() as connection:
            rows = connection.execute(newest_first.order_by(SNAPSHOTS.c.number.desc())).all()
        for number, packed in rows:
            try:
                position, state = unpack(packed)
                found = position, restore(state)
            except UnusableState as error:
                reasons.append(f"snapshot {number}: {error}")
                continue
            if reasons:
                logger.error("the monitor %s goes on from an older state: %s", self._name, "; ".join(reasons))
            return found
        if reasons:
            raise UnusableState(f"no snapshot of the monitor {self._name} can be used: {'; '.join(reasons)}")
        return None

    def position(self) -> int:
        """Of the newest one; 0 where there is none."""
        newest = sa.select(sa.func.max(SNAPSHOTS.c.position)).where(SNAPSHOTS.c.name == self._name)
        with self._store.transaction() as connection:
            return connection.execute(newest).scalar_one() or 0

    def forget(self) -> int:
        """Delete all of them, so that the monitor begins anew; how many they were."""
        with self._store.transaction() as connection:
            return connection.execute(sa.delete(SNAPSHOTS).where(SNAPSHOTS.c.name == self._name)).rowcount
