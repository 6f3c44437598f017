"""The process that watches: it tells its server why it does not get on, and ends in order whenever it is asked to."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from serving.monitoring_settings import MonitoringSettings
from serving.settings import Settings, StoreSettings
from serving.watch_supervisor import COMMAND, WatchSupervisor
from tests.serving.processes import wait_until

TELLS = """
import pathlib, sys, time
sys.stdin.readline()
print('{"problem": "disk"}', flush=True)
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.01)
print('no JSON\\n[]\\n{"problem": null}', flush=True)
sys.stdin.read()
"""


def settings(folder: Path, url: str | None = None) -> Settings:
    return Settings(
        store=StoreSettings(url=url or f"sqlite:///{folder}/voicesearch.db"),
        monitoring=MonitoringSettings(check_every_s=0.1, max_slices=20),
    )


def started(wanted: Settings) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(orjson.dumps({"settings": wanted.model_dump(mode="json"), "owner": "test"}) + b"\n")
    process.stdin.flush()
    return process


def takes_signals(process_id: int) -> bool:
    """Is its handler of SIGTERM in place?"""
    status = Path(f"/proc/{process_id}/status").read_text()
    [caught] = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))


@pytest.mark.slow
def test_it_ends_in_order_at_any_moment(tmp_path: Path) -> None:
    rng = random.Random(5)
    for longest_s in (0.0, 0.2, 2.0, 4.0):
        process = started(settings(tmp_path))
        wait_until(lambda: takes_signals(process.pid))  # noqa: B023
        time.sleep(rng.uniform(longest_s / 2, longest_s))
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        _, said = process.communicate()
        assert (process.returncode, b"Fatal" in said, b"Traceback" in said) == (0, False, False), said


@pytest.mark.slow
def test_it_says_why_it_does_not_get_on(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database " * 100)
    process = started(settings(tmp_path, f"sqlite:///{tmp_path}/text.db"))
    assert process.stdout
    assert b"cannot be used" in orjson.loads(process.stdout.readline())["problem"].encode()
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_watch_that_does_not_get_on_is_not_up_until_it_does(tmp_path: Path) -> None:
    mended = tmp_path / "mended"

    async def run() -> None:
        command = [sys.executable, "-c", TELLS, str(mended)]
        supervisor = WatchSupervisor(settings(tmp_path), owner="test", command=command, start_after_s=0)
        assert not supervisor.is_up
        async with supervisor.watching():
            await asyncio.to_thread(wait_until, lambda: supervisor.problem == "disk")
            assert supervisor.is_running
            assert not supervisor.is_up
            mended.touch()
            await asyncio.to_thread(wait_until, lambda: supervisor.is_up)
        assert not supervisor.is_up

    asyncio.run(run())
