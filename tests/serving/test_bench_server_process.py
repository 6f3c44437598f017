"""Servers in processes of their own: waited for, weighed, ended; and what is said when they do not start."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from serving.bench.http_client import parse_address
from serving.bench.server_process import ServerDidNotStart, free_port, resident_mb, running_server

SLOW_START = """
import http.server, sys, time
started = time.monotonic()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.monotonic() - started > 0.3 else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def program(source: str) -> Callable[[int], Sequence[str]]:
    return lambda port: [sys.executable, "-c", source, str(port)]


def test_a_server_is_used_once_it_is_ready_and_then_ended() -> None:
    with running_server(program(SLOW_START), ready_path="/readyz") as server:
        assert server.ready_after_s > 0.3
        assert parse_address(server.url).host == "127.0.0.1"
        memory_mb = server.resident_mb()
        assert memory_mb is None or 5 < memory_mb < 500
    with pytest.raises(ProcessLookupError):
        os.kill(server.process_id, 0)


def test_a_server_that_ends_at_once_shows_its_log() -> None:
    with (
        pytest.raises(ServerDidNotStart, match=r"code 3.*no such model"),
        running_server(program("import sys; print('no such model'); sys.exit(3)"), ready_path="/"),
    ):
        pytest.fail("it did not start")


def test_a_server_that_is_never_ready_is_given_up() -> None:
    with (
        pytest.raises(ServerDidNotStart, match="not ready in time"),
        running_server(program("import time; time.sleep(60)"), ready_path="/", start_limit_s=0.3),
    ):
        pytest.fail("it was not ready")


CHILD = "import time; held = b'x' * 10**8; time.sleep(60)"


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="memory is read from /proc")
def test_children_are_weighed_and_ended_too() -> None:
    source = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {CHILD!r}])"
    with running_server(program(source + SLOW_START), ready_path="/") as server:
        while (server.resident_mb() or 0) < 100:
            time.sleep(0.02)
        (child,) = Path(f"/proc/{server.process_id}/task/{server.process_id}/children").read_text().split()
    while resident_mb(int(child)):
        time.sleep(0.02)


def test_free_ports_can_be_bound() -> None:
    assert 1024 <= free_port() < 65536
