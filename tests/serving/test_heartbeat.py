"""What the server tells of itself: the figures between two readings, and the event in the store."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from monitoring.errors import JournalFull
from monitoring.events import Event
from monitoring.store import EventStore, Selection
from serving.heartbeat import Heartbeat, Machine, Reading, reading, signals
from serving.telemetry import Telemetry
from tests.serving.processes import PATIENT, serving, wait_until

MACHINE = Machine(cores=4, workers=2)
NOTHING = Reading(
    at_s=100.0,
    requests=0,
    shed=0,
    clips=0,
    batches=0,
    queue_audio_s=0,
    busy_workers=0,
    pending_events=0,
    cpu_s=7.0,
    memory_bytes=2.0**30,
)


def used_telemetry() -> Telemetry:
    telemetry = Telemetry()
    telemetry.watch("voicesearch_queue_audio_seconds", "for the test", lambda: 4.5)
    telemetry.watch("voicesearch_busy_workers", "for the test", lambda: 1)
    telemetry.watch("voicesearch_pending_events", "for the test", lambda: 3)
    return telemetry


def test_rates_are_counts_by_time_and_shares_are_of_the_machine() -> None:
    now = replace(NOTHING, at_s=110.0, requests=50, shed=5, clips=30, batches=10, busy_workers=1, cpu_s=27.0)
    found = signals(NOTHING, now, MACHINE, loop_lag_s=0.002)
    assert (found["throughput_per_s"], found["shed_per_s"], found["mean_batch_size"]) == (5.0, 0.5, 3.0)
    assert (found["cpu_share"], found["busy_share"], found["rss_mib"]) == (0.5, 0.5, 1024.0)
    assert found["event_loop_lag_ms"] == 2.0


def test_what_is_not_known_is_none_and_never_a_division_by_zero() -> None:
    blind = replace(NOTHING, at_s=101.0, cpu_s=None, memory_bytes=None)
    found = signals(NOTHING, blind, MACHINE, loop_lag_s=0.0)
    assert (found["mean_batch_size"], found["cpu_share"], found["rss_mib"]) == (None, None, None)
    assert found["throughput_per_s"] == 0.0


def test_a_reading_counts_the_service_and_not_who_watches_it() -> None:
    telemetry = used_telemetry()
    telemetry.request("/v1/search", 200, 0.1)
    telemetry.request("/v1/search", 503, 0.1, error="overloaded")
    telemetry.request("/v1/events", 503, 0.1, error="draining")
    telemetry.request("/v1/events", 422, 0.1, error="invalid_field")
    telemetry.request("/metrics", 200, 0.1)
    telemetry.batch(3)
    telemetry.batch(1)
    read = reading(telemetry.samples(), 5.0)
    assert (read.requests, read.shed, read.clips, read.batches) == (4, 2, 4, 2)
    assert (read.queue_audio_s, read.busy_workers, read.pending_events) == (4.5, 1, 3)
    assert read.memory_bytes is None or read.memory_bytes > 2**20


def beats(take: list[Event], *, for_s: float, interval_s: float) -> None:
    async def live() -> None:
        heart = Heartbeat(used_telemetry().samples, take.append, MACHINE, slices={}, interval_s=interval_s)
        async with heart.beating():
            await asyncio.sleep(for_s)

    asyncio.run(live())


def test_it_beats_until_the_end_and_the_end_waits_for_no_beat() -> None:
    written: list[Event] = []
    beats(written, for_s=0.5, interval_s=0.1)
    assert len({event.event_id for event in written}) == len(written) >= 2
    written.clear()
    beats(written, for_s=0.0, interval_s=3600)
    beats(written, for_s=0.1, interval_s=0)
    assert written == []


def test_a_full_journal_stops_no_heart() -> None:
    tried: list[Event] = []

    def refuse(event: Event) -> None:
        tried.append(event)
        raise JournalFull("full")

    async def live() -> None:
        async with Heartbeat(used_telemetry().samples, refuse, MACHINE, slices={}, interval_s=0.02).beating():
            while len(tried) < 3:
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(live(), 10))


@pytest.fixture
def server_events(tmp_path: Path, query_clip: Path) -> Iterator[list[Event]]:
    """What a server that answered queries told of itself."""
    settings = {"monitoring.heartbeat_s": "0.3", "monitoring.replica": "one", **PATIENT}
    with serving(tmp_path, settings) as server:
        store = EventStore.open(server.database)
        for _ in range(3):
            httpx.post(server.url + "/v1/search", files={"file": query_clip.read_bytes()}).raise_for_status()
        chosen = Selection(kinds=frozenset({"server"}))
        wait_until(lambda: sum(bool(one.signals["mean_batch_size"]) for one in store.events(chosen)) > 0)
        assert server.terminate() == 0
        yield list(store.events(chosen))
        store.close()


@pytest.mark.slow
def test_a_server_tells_of_itself(server_events: list[Event]) -> None:
    for event in server_events:
        assert event.slices.keys() == {"model", "variant", "replica"}
        assert event.slices["replica"] == "one"
    busy = max(server_events, key=lambda one: one.signals["throughput_per_s"] or 0)
    assert (busy.signals["throughput_per_s"] or 0) > 0
    assert (busy.signals["rss_mib"] or 0) > 50
    assert 0 < (busy.signals["cpu_share"] or 0) <= 1.05
    assert busy.signals["mean_batch_size"] == 1.0


def test_the_page_names_every_signal() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    (row,) = [line for line in page.splitlines() if line.startswith("| kind `server` |")]
    named = set(re.findall(r"`(\w+)`", row.rsplit("|", 2)[1]))
    assert named == signals(NOTHING, replace(NOTHING, at_s=101.0), MACHINE, loop_lag_s=0.0).keys()
