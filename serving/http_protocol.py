"""HTTP/1.1 as uvicorn speaks it, with limits on a request's head, which uvicorn's fast parser lacks.

A head that is too long is answered 431; a connection that shows no complete head in time is closed. The body is
limited elsewhere (`serving.uploads`).
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 64 * 1024
"""Held to within one read of the socket, 256 KiB."""
HEAD_TIMEOUT_S: Final = 15.0
"""From the connection's start, or the head's first byte on one that is used again."""
_TOO_LONG: Final = (
    b'{"error": {"message": "the head of the request is too long", "type": "invalid_request_error", '
    b'"param": null, "code": "too_large"}}'
)
TOO_LONG: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"x-should-retry: false\r\ncontent-length: %d\r\n\r\n%b" % (len(_TOO_LONG), _TOO_LONG)
)


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    head_timeout_s = HEAD_TIMEOUT_S
    _head_bytes = 0
    _in_head = True
    _too_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and refuse a head that grows too long."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(TOO_LONG)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_came()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head_came()
        self._in_head, self._head_bytes = True, 0
        self._too_late = self.loop.call_later(self.head_timeout_s, self.transport.close)

    def _head_came(self) -> None:
        self._in_head = False
        if self._too_late is not None:
            self._too_late.cancel()
