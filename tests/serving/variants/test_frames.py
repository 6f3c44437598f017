"""Messages between processes, whole or refused."""

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from serving.variants.frames import BrokenFrame, Channel, Frame

MAX_BYTES = 2**20


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    """A channel, and the bare socket at its other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours, max_bytes=MAX_BYTES), theirs


def written(frame: Frame) -> bytes:
    """As it goes over the wire."""
    one, other = socket.socketpair()
    with one, other:
        Channel(one, max_bytes=MAX_BYTES).send(frame.head, frame.body)
        return other.recv(MAX_BYTES)


def test_messages_come_as_they_were_sent_and_in_order(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    frames = [Frame({"a": 1}, b"sound"), Frame({}), Frame({"b": [None, "\n"]}, os.urandom(1000))]
    for frame in frames:
        other.sendall(written(frame))
    assert [channel.receive() for _ in frames] == frames


def test_a_message_longer_than_the_socket_takes_at_once(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    body = os.urandom(900_000)
    sender = threading.Thread(target=lambda: Channel(other, max_bytes=MAX_BYTES).send({"n": 1}, body))
    sender.start()
    assert channel.receive(10) == Frame({"n": 1}, body)
    sender.join()


def test_half_a_message_is_kept_until_the_rest_comes(ends: tuple[Channel, socket.socket]) -> None:
    channel, other = ends
    bytes_ = written(Frame({"a": 1}, b"sound"))
    for byte in bytes_[:-1]:
        other.sendall(bytes([byte]))
        assert channel.receive(0.001) is None
    other.sendall(bytes_[-1:])
    assert channel.receive(1) == Frame({"a": 1}, b"sound")


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_the_end_is_an_end_even_in_a_message(ends: tuple[Channel, socket.socket], cut: int) -> None:
    channel, other = ends
    other.sendall(written(Frame({"a": 1}, b"sound"))[:cut])
    other.close()
    with pytest.raises(EOFError):
        channel.receive(1)


HEADER = b"vsf1" + (2).to_bytes(4) + (0).to_bytes(8)


@pytest.mark.parametrize(
    "garbage",
    [
        b"x" * 16,
        os.urandom(12) + b"vsf1",
        b"vsf1" + (2**32 - 1).to_bytes(4) + (0).to_bytes(8),
        b"vsf1" + (2).to_bytes(4) + (2**63).to_bytes(8),
        HEADER + b"[]",
        HEADER + b"{]",
        HEADER + b"\xff\xff",
    ],
)
def test_garbage_is_refused_at_once(ends: tuple[Channel, socket.socket], garbage: bytes) -> None:
    channel, other = ends
    other.sendall(garbage)
    with pytest.raises(BrokenFrame):
        channel.receive(1)


def test_who_reads_nothing_is_not_waited_for(ends: tuple[Channel, socket.socket]) -> None:
    channel, _ = ends
    with pytest.raises(TimeoutError):
        channel.send({}, bytes(2**24), timeout_s=0.05)
