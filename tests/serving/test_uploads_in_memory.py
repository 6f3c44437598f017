"""All uploads together have a bound: what goes beyond is refused, and the room comes back."""

import socket
from pathlib import Path

import httpx

from tests.serving.processes import serving, wait_until

PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'


def half_an_upload(port: int, size_bytes: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    head = (
        "POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {2 * size_bytes}\r\n\r\n"
    )
    connection.sendall(head.encode() + PART + b"\0" * size_bytes)
    return connection


def test_uploads_together_have_a_bound(tmp_path: Path, query_clip: Path) -> None:
    data = query_clip.read_bytes()

    with serving(tmp_path, {"limits.max_uploads_mb": "4", "limits.deadline_s": "30"}) as server:

        def status() -> int:
            return httpx.post(server.url + "/v1/search", files={"file": data}).status_code

        assert status() == 200
        holders = [half_an_upload(server.port, 2**21 - 4096) for _ in range(2)]
        wait_until(lambda: status() == 503)
        for holder in holders:
            holder.close()
        wait_until(lambda: status() == 200)
