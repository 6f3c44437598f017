"""A pooled HTTP/1.1 client that costs almost no CPU: it runs on the cores of the server that it measures.

Requests are bytes built beforehand; one socket carries one request at a time and is kept alive. It retries
nothing and follows no redirect. Knows no benchmark.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self, cast
from urllib.parse import urlsplit
from uuid import uuid4

import httptools

IDLE_LIMIT_S: Final = 2.0
"""Older idle sockets are not used again: servers close them after about 5 s, perhaps just as we write."""
BODY_KEPT: Final = 16_384


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int
    tls: bool = False
    prefix: str = ""
    """Path before every route, without a trailing slash."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status and the beginning of the body."""

    status: int
    body: bytes


def parse_address(url: str) -> Address:
    """Address of a base URL such as `http://127.0.0.1:8000` or `https://host/v1`; a last `/v1` is dropped."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"not an http(s) URL: {url!r}")
    tls = parts.scheme == "https"
    prefix = parts.path.rstrip("/").removesuffix("/v1")
    return Address(parts.hostname, parts.port or (443 if tls else 80), tls, prefix)


def build_upload(
    address: Address,
    route: str,
    file_name: str,
    content: bytes,
    *,
    fields: Mapping[str, str],
    api_key: str | None = None,
) -> bytes:
    """A whole multipart POST (RFC 7578) with one `file` part, ready to be written to a socket."""
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n".encode()
    )
    body = b"".join(parts) + content + f"\r\n--{boundary}--\r\n".encode()
    head = [
        f"POST {address.prefix}{route} HTTP/1.1",
        f"Host: {address.host}:{address.port}",
        f"Content-Type: multipart/form-data; boundary={boundary}",
        f"Content-Length: {len(body)}",
    ]
    if api_key:
        head.append(f"Authorization: Bearer {api_key}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class HttpClient:
    """A pool of kept-alive connections to one address; it opens as many as are in use at once."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._tls = ssl.create_default_context() if address.tls else None

    async def send(self, request: bytes) -> Reply:
        """The reply to a prebuilt request; OSError where the connection fails or ends before it."""
        connection = self._take() or await self._connect()
        try:
            reply = await connection.exchange(request)
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._idle.append(connection)
        return reply

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close all connections and wait until they are."""
        for connection in self._open:
            connection.close()
        if self._open:
            await asyncio.wait([connection.lost for connection in self._open])

    def _take(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable and connection.idle_s < IDLE_LIMIT_S:
                return connection
            connection.close()
        return None

    async def _connect(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: _Connection(loop), self._address.host, self._address.port, ssl=self._tls
        )
        self._open.add(connection)
        connection.lost.add_done_callback(lambda _: self._open.discard(connection))
        return connection


class _Connection(asyncio.Protocol):
    """One socket and the one reply that is awaited on it; httptools calls the `on_` methods."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._reply: asyncio.Future[Reply] | None = None
        self._last_used_s = loop.time()
        self.lost: asyncio.Future[None] = loop.create_future()
        self.reusable = True

    @property
    def idle_s(self) -> float:
        return self._loop.time() - self._last_used_s

    def exchange(self, request: bytes) -> "asyncio.Future[Reply]":
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._reply = self._loop.create_future()
        if self._transport is None or self._transport.is_closing():
            self._fail(ConnectionResetError("the server closed the connection"))
        else:
            self._transport.write(request)
        return self._reply

    def close(self) -> None:
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it

    def data_received(self, data: bytes) -> None:
        if self._reply is None:
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"not an HTTP reply: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError("the server closed the connection before its reply"))
        if not self.lost.done():
            self.lost.set_result(None)

    def on_body(self, body: bytes) -> None:
        if len(self._body) < BODY_KEPT:
            self._body += body[:BODY_KEPT]

    def on_message_complete(self) -> None:
        self.reusable = self.reusable and self._parser.should_keep_alive()
        self._last_used_s = self._loop.time()
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(Reply(self._parser.get_status_code(), bytes(self._body)))
        self._reply = None
        if not self.reusable:
            self.close()

    def _fail(self, error: Exception) -> None:
        self.reusable = False
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error if isinstance(error, OSError) else ConnectionError(str(error)))
        self._reply = None
