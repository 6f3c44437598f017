import random
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from monitoring.errors import LeaseLost, UnusableState
from monitoring.lease import Lease
from monitoring.snapshots import Snapshots, pack, unpack
from monitoring.store import EventStore
from monitoring.tables import SNAPSHOTS


def same(state: bytes) -> bytes:
    return state


@pytest.fixture
def lease(store: EventStore) -> Lease:
    lease = Lease(store, "watch", owner="me")
    assert lease.take()
    return lease


@given(st.binary(max_size=200), st.integers(-(2**63), 2**63 - 1))
def test_a_snapshot_comes_back_as_it_was(state: bytes, position: int) -> None:
    assert unpack(pack(state, position=position)) == (position, state)


def test_a_snapshot_with_any_byte_changed_or_lost_is_refused() -> None:
    packed = pack(random.Random(1).randbytes(50) * 3, position=77)
    for place in range(len(packed)):
        with pytest.raises(UnusableState):
            unpack(packed[:place])
        with pytest.raises(UnusableState):
            unpack(packed[:place] + bytes([packed[place] ^ 4]) + packed[place + 1 :])


def test_another_format_is_named() -> None:
    packed = bytearray(pack(b"state", position=1)[:-4])
    packed[8] = 9
    packed += crc32(packed).to_bytes(4, "little")
    with pytest.raises(UnusableState, match="format 9; this version reads 1"):
        unpack(bytes(packed))


def test_the_newest_is_loaded_and_two_are_kept(store: EventStore, lease: Lease) -> None:
    mine, other = Snapshots(store, "watch"), Snapshots(store, "other")
    assert mine.load(same) is None
    other.save(b"theirs", position=1, lease=lease)
    for position in range(5):
        mine.save(f"state {position}".encode(), position=position, lease=lease)
    assert mine.load(same) == (4, b"state 4")
    assert other.load(same) == (1, b"theirs")
    assert mine.forget() == 2
    assert mine.load(same) is None


def test_a_damaged_one_falls_back_to_the_one_before(store: EventStore, lease: Lease) -> None:
    snapshots = Snapshots(store, "watch")
    snapshots.save(b"old", position=1, lease=lease)
    snapshots.save(b"new", position=2, lease=lease)
    with store.transaction() as connection:
        damaged = update(SNAPSHOTS).where(SNAPSHOTS.c.position == 2).values(state=pack(b"new", position=2)[:-1])
        connection.execute(damaged)
    assert snapshots.load(same) == (1, b"old")


def test_one_that_the_monitor_refuses_falls_back_too_and_all_refused_is_an_error(
    store: EventStore, lease: Lease
) -> None:
    snapshots = Snapshots(store, "watch")
    snapshots.save(b"old", position=1, lease=lease)
    snapshots.save(b"new", position=2, lease=lease)

    def only(accepted: bytes, state: bytes) -> bytes:
        if state != accepted:
            raise UnusableState(f"{state!r} is from another version")
        return state

    assert snapshots.load(lambda state: only(b"old", state)) == (1, b"old")
    with pytest.raises(UnusableState, match=r"2: b'new' is from another version; snapshot 1: b'old' is"):
        snapshots.load(lambda state: only(b"none", state))


def test_nothing_is_kept_by_one_that_another_replaced(store: EventStore, lease: Lease) -> None:
    snapshots = Snapshots(store, "watch")
    snapshots.save(b"mine", position=1, lease=lease)
    lease.give_back()
    assert Lease(store, "watch", owner="another").take()
    with pytest.raises(LeaseLost):
        snapshots.save(b"mine too", position=2, lease=lease)
    assert snapshots.load(same) == (1, b"mine")


def test_a_large_state_is_kept(store: EventStore, lease: Lease) -> None:
    state = random.Random(2).randbytes(1_000_000) + bytes(20_000_000)
    Snapshots(store, "watch").save(state, position=1, lease=lease)
    assert Snapshots(store, "watch").load(same) == (1, state)
