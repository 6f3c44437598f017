"""The processes that decode, after their server has ended or was killed."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from tests.asr.conftest import with_libav
from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def webm(query_clip: Path) -> bytes:
    samples = np.asarray(soundfile.read(query_clip, dtype="float32")[0], np.float32)
    return with_libav(samples, "webm", "libopus", 48_000)


@pytest.fixture
def server(tmp_path: Path, webm: bytes) -> Iterator[ServerProcess]:
    """A server that has decoded one such file."""
    with serving(tmp_path, PATIENT) as server:
        assert ask(server, webm).json()["transcript"] == "what time is it"
        yield server


def ask(server: ServerProcess, data: bytes) -> httpx.Response:
    return httpx.post(server.url + "/v1/search", files={"file": data}, timeout=60)


def children(server: ServerProcess) -> list[int]:
    lists = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


def is_alive(process_id: int) -> bool:
    """A zombie is not; somebody else has to collect it."""
    status = Path(f"/proc/{process_id}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_decoder_outlives_its_server(server: ServerProcess, how: signal.Signals) -> None:
    decoders = children(server)
    assert decoders
    server.process.send_signal(how)
    server.process.wait()
    wait_until(lambda: not any(is_alive(one) for one in decoders))
