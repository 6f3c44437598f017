"""A server in a process of its own: started on a free local port, waited for, weighed, and ended again.

Knows no model and no load: a command that takes a port, and a path that answers 200 when the server is ready.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

START_LIMIT_S: Final = 120.0
STOP_LIMIT_S: Final = 15.0


class ServerDidNotStart(OSError):
    """The server ended, or was not ready in time; the message carries the end of its log."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers."""

    url: str
    process_id: int
    ready_after_s: float
    """From the start of the command to the first 200 of its readiness path."""

    def resident_mb(self) -> float | None:
        """Resident memory of the process and all below it, in MiB; None where there is no /proc."""
        return resident_mb(self.process_id)


@contextmanager
def running_server(
    command: Callable[[int], Sequence[str]], *, ready_path: str, start_limit_s: float = START_LIMIT_S
) -> Iterator[RunningServer]:
    """Run `command(port)` in an empty working folder until the block ends."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="voicesearch-bench-") as folder:
        log = Path(folder) / "server.log"
        start_s = time.perf_counter()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(port),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            _wait_until_ready(process, port, ready_path, start_s + start_limit_s, log)
            ready_after_s = time.perf_counter() - start_s
            yield RunningServer(f"http://127.0.0.1:{port}", process.pid, ready_after_s)
        finally:
            _end(process)


def own_server(config: Path | None = None) -> Callable[[int], Sequence[str]]:
    """The command of our own server."""
    extra = ["--config", str(config.resolve())] if config else []
    program = "from serving.cli import main; main()"
    serve = [sys.executable, "-c", program, "serve", "--host", "127.0.0.1"]
    return lambda port: [*serve, "--port", str(port), *extra]


def litserve(port: int, *options: str) -> Sequence[str]:
    """The command of a LitServe server around our engine, with two workers; options are those of its script."""
    script = Path(__file__).parent / "peers" / "litserve_server.py"
    return [sys.executable, str(script), "--port", str(port), *options]


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def resident_mb(process_id: int) -> float | None:
    """Resident memory of a process and its descendants in MiB; pages that they share count more than once."""
    try:
        return sum(_resident_kb(member) for member in _family(process_id)) / 1024
    except OSError:
        return None


def _family(process_id: int) -> Iterator[int]:
    yield process_id
    for children in Path(f"/proc/{process_id}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def _resident_kb(process_id: int) -> int:
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, ready_path: str, until_s: float, log: Path) -> None:
    while not _is_ready(port, ready_path):
        if process.poll() is not None:
            raise ServerDidNotStart(f"the server ended with code {process.returncode}: {_tail(log)}")
        if time.perf_counter() > until_s:
            raise ServerDidNotStart(f"the server was not ready in time: {_tail(log)}")
        time.sleep(0.02)


def _is_ready(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-600:].strip() or "its log is empty"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask politely, then end the whole session of processes that it leads."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_LIMIT_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
