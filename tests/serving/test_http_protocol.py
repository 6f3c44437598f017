"""Connections that never finish a request's head, on a server of two lines."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import Receive, Scope, Send

from serving.http_protocol import MAX_HEAD_BYTES, BoundedHttp


class Impatient(BoundedHttp):
    head_timeout_s = 0.2


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def connection() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http=Impatient, lifespan="off", log_config=None, access_log=False)
    )
    running = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        server.should_exit = True
        await running


def run(scene: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 20))


def test_a_connection_that_says_nothing_is_closed() -> None:
    async def scene() -> None:
        async with connection() as (reader, _):
            assert await reader.read() == b""

    run(scene())


def test_a_head_that_drips_is_closed_however_often_it_drips() -> None:
    async def scene() -> None:
        async with connection() as (reader, writer):
            end = asyncio.ensure_future(reader.read())
            writer.write(b"GET / HTTP/1.1\r\n")
            while not end.done():
                writer.write(b"X: y\r\n")
                await asyncio.sleep(0.02)
            assert end.result() == b""

    run(scene())


def test_a_connection_in_use_outlives_the_limit() -> None:
    async def scene() -> None:
        async with connection() as (reader, writer):
            for _ in range(4):
                writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
                await asyncio.sleep(0.1)

    run(scene())


def test_a_long_head_within_the_limit_is_read() -> None:
    async def scene() -> None:
        async with connection() as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * (MAX_HEAD_BYTES - 100) + b"\r\n\r\n")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")

    run(scene())
