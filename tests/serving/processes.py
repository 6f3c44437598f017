"""Servers of a test's own, with settings of its own: `voicesearch serve` as a user starts it."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from serving.bench.server_process import free_port, own_server, resident_mb

START_LIMIT_S = 60
PATIENT = {"limits.deadline_s": "30", "limits.deadline_per_audio_s": "1"}
"""A busy test machine is no reason to refuse."""


@dataclass
class ServerProcess:
    """A server that was started in a folder, which holds its store and its log."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder}/voicesearch.db"

    def log_lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]

    def resident_mb(self) -> float:
        return resident_mb(self.process.pid) or 0.0

    def metric(self, name: str, **labels: str) -> float:
        return metric(self.url, name, **labels)

    def terminate(self) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def start(folder: Path, settings: Mapping[str, str] | None = None) -> ServerProcess:
    """Start a server in the folder; settings by their names in the file, given through the environment."""
    wanted = {"monitoring.watch": "false", **(settings or {})}  # a second process, where nobody looks at alarms
    environment = os.environ | {f"VOICESEARCH_{key.upper().replace('.', '__')}": value for key, value in wanted.items()}
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(own_server()(port), cwd=folder, env=environment, stdout=log, stderr=log)
    return ServerProcess(folder, port, process)


@contextmanager
def serving(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[ServerProcess]:
    """A server that is ready, until the block ends."""
    server = start(folder, settings)
    try:
        wait_until(lambda: is_ready(server), limit_s=START_LIMIT_S)
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def is_ready(server: ServerProcess) -> bool:
    assert server.process.poll() is None, (server.folder / "log").read_text()
    try:
        return httpx.get(server.url + "/readyz").status_code == 200
    except httpx.TransportError:
        return False


def wait_until(condition: Callable[[], bool], *, limit_s: float = 30, every_s: float = 0.02) -> None:
    """Look again and again until it holds."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(every_s)


def metric(url: str, name: str, **labels: str) -> float:
    """A metric's value, summed over the labels that are not named; 0 where there is none yet."""
    lines = httpx.get(url + "/metrics").text.splitlines()
    found = (re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line) for line in lines)
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    return sum(float(match[2]) for match in found if match and wanted <= set((match[1] or "").split(",")))
