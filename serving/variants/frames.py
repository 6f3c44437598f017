"""Messages over a socket between a server and a process of its own: a JSON object and raw bytes in one frame.

    "vsf1"   4 bytes of head length   8 bytes of body length   head: JSON   body

Nothing that comes is run or trusted: what is no frame, or too long, is an error of its own. Knows no speech.
"""

import socket
import struct
from dataclasses import dataclass
from typing import Final

import orjson

_MAGIC: Final = b"vsf1"
_LENGTHS: Final = struct.Struct(">4sIQ")
_CHUNK_BYTES: Final = 2**18

Head = dict[str, object]


class BrokenFrame(ValueError):
    """What came is no frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    head: Head
    body: bytes = b""


class Channel:
    """One end of a socket pair; one thread may send while another receives."""

    def __init__(self, sock: socket.socket, *, max_bytes: int) -> None:
        """Frames longer than `max_bytes` are not taken in."""
        self._socket = sock
        self._max_bytes = max_bytes
        self._received = bytearray()

    def send(self, head: Head, body: bytes = b"", *, timeout_s: float | None = None) -> None:
        """Send a message whole. Raises TimeoutError where that takes too long, OSError where nobody is there."""
        self._socket.settimeout(timeout_s)
        written = orjson.dumps(head)
        self._socket.sendall(_LENGTHS.pack(_MAGIC, len(written), len(body)) + written + body)

    def receive(self, timeout_s: float | None = None) -> Frame | None:
        """The next message; None where it is not whole in time. Raises EOFError at the end, BrokenFrame."""
        self._socket.settimeout(timeout_s)
        try:
            while (frame := self._take()) is None:
                received = self._socket.recv(_CHUNK_BYTES)
                if not received:
                    raise EOFError
                self._received += received
        except TimeoutError:
            return None
        except ConnectionError:
            raise EOFError from None
        return frame

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    def _take(self) -> Frame | None:
        """A frame from what was received, if it is whole."""
        if len(self._received) < _LENGTHS.size:
            return None
        magic, head_bytes, body_bytes = _LENGTHS.unpack_from(self._received)
        end = _LENGTHS.size + head_bytes + body_bytes
        if magic != _MAGIC or end > self._max_bytes:
            raise BrokenFrame("no frame, or one that is too long")
        if len(self._received) < end:
            return None
        head = bytes(self._received[_LENGTHS.size : _LENGTHS.size + head_bytes])
        body = bytes(self._received[_LENGTHS.size + head_bytes : end])
        del self._received[:end]
        return Frame(_object(head), body)


def _object(written: bytes) -> Head:
    try:
        head = orjson.loads(written)
    except ValueError:
        raise BrokenFrame("not JSON") from None
    if not isinstance(head, dict):
        raise BrokenFrame("not a JSON object")
    return head
