"""An older system whose every byte is the test's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

OK = b'{"text": "What time is it?"}'


@dataclass
class OtherSystem:
    """Answers each request with these bytes, and then closes."""

    body: bytes = OK
    status: str = "200 OK"
    headers: str = ""
    pause_s: float = 0.0
    """Before each part of the body of 100 kB."""
    raw: bytes | None = None
    """Instead of an answer."""
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    busy: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.busy += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.lower().splitlines() if b"content-length" in line)
            self.requests.append(head + await reader.readexactly(length))
            if self.raw is not None:
                writer.write(self.raw)
                return
            first = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(self.body)}\r\n{self.headers}\r\n"
            writer.write(first.encode())
            for at in range(0, len(self.body), 100_000):
                await asyncio.sleep(self.pause_s)
                writer.write(self.body[at : at + 100_000])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.busy -= 1
            writer.close()


@asynccontextmanager
async def running(system: OtherSystem) -> AsyncIterator[OtherSystem]:
    """The system at an address of its own until the block ends."""
    server = await asyncio.start_server(system.handle, "127.0.0.1", 0)
    system.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield system
    finally:
        server.close()
        await server.wait_closed()
