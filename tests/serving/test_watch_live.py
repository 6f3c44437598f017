"""A real server watches its own events in a process of its own, through the death of either."""

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from monitoring.store import EventStore
from serving.watch_process import NICENESS
from tests.serving.planted import CLIPPING, queries
from tests.serving.processes import PATIENT, ServerProcess, serving
from tests.serving.processes import wait_until as wait_a_little

pytestmark = pytest.mark.slow

SETTINGS = {"monitoring.watch": "true", "monitoring.check_every_s": "0.3", "monitoring.heartbeat_s": "0", **PATIENT}


wait_until = partial(wait_a_little, limit_s=120, every_s=0.5)
"""A process of low priority gets little of a busy test machine."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """Three calm hours."""
    store = EventStore.open(f"sqlite:///{tmp_path}/voicesearch.db")
    now = time.time()
    store.insert(list(queries(now - 3 * 3600, now - 900, 5000)))
    yield store
    store.close()


def add(store: EventStore, *, clipped: bool, seed: int) -> None:
    now = time.time()
    store.insert(list(queries(now - 60, now, 500, clipped=clipped, seed=seed)))


def alarms(server: ServerProcess) -> list[dict[str, object]]:
    found: list[dict[str, object]] = httpx.get(server.url + "/admin/alarms").json()["alarms"]
    return found


def watcher(server: ServerProcess) -> int | None:
    """The process that watches for the server."""
    children = [
        int(child)
        for of_thread in Path(f"/proc/{server.process.pid}/task").glob("*/children")
        for child in of_thread.read_text().split()
    ]
    return next((one for one in children if "watch_process" in Path(f"/proc/{one}/cmdline").read_text()), None)


def test_a_phone_that_clips_is_an_alarm_within_seconds(tmp_path: Path, store: EventStore, query_clip: Path) -> None:
    with serving(tmp_path, SETTINGS) as server:
        answer = httpx.post(server.url + "/v1/search", files={"file": query_clip.read_bytes()}, timeout=60)
        assert answer.status_code == 200
        add(store, clipped=True, seed=1)
        wait_until(lambda: any(CLIPPING in str(alarm["slice"]) for alarm in alarms(server)))
        assert server.metric("voicesearch_watch_up") == 1
        process_id = watcher(server)
        assert process_id is not None
        assert os.getpriority(os.PRIO_PROCESS, process_id) == NICENESS
        assert httpx.get(server.url + "/readyz").status_code == 200
        wait_until(lambda: server.metric("voicesearch_alarms") >= 1)
        assert server.terminate() == 0
    assert not Path(f"/proc/{process_id}").exists()


def test_a_watch_that_is_killed_begins_again_where_it_stood(tmp_path: Path, store: EventStore) -> None:
    with serving(tmp_path, SETTINGS) as server:
        wait_until(lambda: watcher(server) is not None)
        killed = watcher(server)
        assert killed
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: server.metric("voicesearch_watch_starts") == 2)
        add(store, clipped=True, seed=1)
        wait_until(lambda: bool(alarms(server)))
        assert watcher(server) != killed
        assert httpx.get(server.url + "/readyz").status_code == 200


def test_a_watch_ends_with_its_server_even_if_that_is_killed(tmp_path: Path, store: EventStore) -> None:
    with serving(tmp_path, SETTINGS) as server:
        wait_until(lambda: watcher(server) is not None)
        add(store, clipped=True, seed=1)
        wait_until(lambda: bool(alarms(server)))
        process_id, before = watcher(server), {str(alarm["id"]) for alarm in alarms(server)}
        server.process.kill()
        server.process.wait()
        wait_until(lambda: not Path(f"/proc/{process_id}").exists())
    with serving(tmp_path, SETTINGS) as server:
        assert before <= {str(alarm["id"]) for alarm in alarms(server)}
        wait_until(lambda: server.metric("voicesearch_watch_lag_events") == 0)
        assert store.newest() > 0


def test_it_can_be_left_out(tmp_path: Path) -> None:
    with serving(tmp_path, SETTINGS | {"monitoring.watch": "false"}) as server:
        time.sleep(3)
        assert watcher(server) is None
        assert "voicesearch_watch_up" not in httpx.get(server.url + "/metrics").text


def test_a_bad_name_of_what_is_watched_is_said_at_the_start(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match=r"monitoring\.watched: os has no Watched named path"),
        serving(tmp_path, {"monitoring.watched": "os:path"}),
    ):
        pass
