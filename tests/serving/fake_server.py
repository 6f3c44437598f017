"""A real HTTP/1.1 server whose service time is known, for judging the load client."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class FakeServer:
    """Serves every POST after `service_s`, `workers` at a time, in order of arrival."""

    service_s: float = 0.0
    workers: int = 1
    queue_limit: int | None = None
    """More waiting requests than that are answered 503 at once."""
    status: int = 200
    drops: bool = False
    """Close the connection instead of answering."""
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    connections: int = 0
    waiting: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(int(h.split(":")[1]) for h in head.splitlines() if h.startswith("Content-Length"))
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(length))
                if self.drops:
                    return
                status = await self.serve()
                body = b'{"text": "hello"}'
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def serve(self) -> int:
        if self.queue_limit is not None and self.waiting >= self.queue_limit:
            return 503
        self.waiting += 1
        try:
            async with self.slots:
                await asyncio.sleep(self.service_s)
        finally:
            self.waiting -= 1
        return self.status

    async def run(self, ready: threading.Event, stop: asyncio.Event) -> None:
        self.slots = asyncio.Semaphore(self.workers)
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def serving(server: FakeServer) -> Iterator[FakeServer]:
    """The server on a thread of its own until the block ends."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.run(ready, stop)))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
