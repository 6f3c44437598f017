from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.segment import Segment, framed, unframed

payloads = st.binary().filter(lambda payload: b"\n" not in payload)


@given(payloads)
def test_a_whole_line_gives_its_payload(payload: bytes) -> None:
    assert unframed(framed(payload)) == payload


@given(payloads, st.data())
def test_a_torn_line_is_recognized(payload: bytes, data: st.DataObject) -> None:
    line = framed(payload)
    assert unframed(line[: data.draw(st.integers(0, len(line) - 1))]) is None


@given(payloads, st.data())
def test_a_changed_bit_is_recognized(payload: bytes, data: st.DataObject) -> None:
    line = bytearray(framed(payload))
    line[data.draw(st.integers(0, len(line) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert unframed(bytes(line)) is None


@given(st.lists(payloads, max_size=20), st.integers(1, 50))
def test_lines_come_back_in_order_with_the_torn_end_last(
    tmp_path_factory: pytest.TempPathFactory, some: list[bytes], cut: int
) -> None:
    segment = Segment.create(tmp_path_factory.mktemp("journal"), fsync=False)
    lines = [framed(payload) for payload in some]
    for line in lines:
        segment.append(line, fsync=False)
    assert list(segment.read(0, segment.size)) == lines
    if lines:
        assert b"".join(segment.read(0, segment.size - cut)) == b"".join(lines)[:-cut]
    segment.release()


def test_lines_longer_than_a_read_are_put_together(tmp_path: Path) -> None:
    segment = Segment.create(tmp_path, fsync=True)
    lines = [framed(bytes([65 + i]) * 700_000) for i in range(5)]
    for line in lines:
        segment.append(line, fsync=True)
    assert list(segment.read(0, segment.size)) == lines
    segment.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_segment_has_one_owner(tmp_path: Path) -> None:
    segment = Segment.create(tmp_path, fsync=False)
    segment.append(framed(b"{}"), fsync=False)
    assert Segment.adopt(segment.path) is None
    segment.release()
    heir = Segment.adopt(segment.path)
    assert heir is not None
    assert list(heir.read(0, heir.size)) == [framed(b"{}")]
    heir.discard()
    assert Segment.adopt(segment.path) is None


def test_a_line_that_does_not_fit_leaves_nothing_behind(
    tmp_path: Path, largest_file: Callable[[int], AbstractContextManager[None]]
) -> None:
    segment = Segment.create(tmp_path, fsync=False)
    line = framed(b"x" * 300)
    with largest_file(1000):
        for _ in range(3):
            segment.append(line, fsync=False)
        with pytest.raises(OSError, match="no space"):
            segment.append(line, fsync=False)
    assert segment.path.read_bytes() == 3 * line
    segment.append(line, fsync=False)
    assert segment.path.read_bytes() == 4 * line
    segment.release()
