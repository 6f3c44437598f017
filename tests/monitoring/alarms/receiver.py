"""A real HTTP server on this machine that behaves as a receiver is told to."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


def status(code: int, **headers: str) -> Answer:
    """Answers so."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return answer


def endless_body(handler: BaseHTTPRequestHandler) -> None:
    """Says yes, and then more than anybody wants to read."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100_000):
        handler.wfile.write(b"x" * 65_536)


def dripping_head(handler: BaseHTTPRequestHandler) -> None:
    """A byte of the head now and then, for ever: no single read takes long."""
    for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 400:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.05)


@dataclass
class Receiver:
    """What came in, and what is answered: the answers in turn, the last one for ever."""

    answers: list[Answer]
    url: str = ""
    requests: list[tuple[str, Message, bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[object]:
        return [json.loads(body) for _, _, body in self.requests]


@contextmanager
def receiving(*answers: Answer) -> Iterator[Receiver]:
    receiver = Receiver(list(answers) or [status(200)])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.requests.append((self.path, self.headers, body))
            answer = receiver.answers[min(len(receiver.requests), len(receiver.answers)) - 1]
            self.close_connection = True
            with suppress(OSError):  # the sender has heard enough
                answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
