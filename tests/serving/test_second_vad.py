"""The detector behind the request path: what it writes, and that it gives way to everything else."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest

from asr.audio import Audio, Span
from asr.front_end import Located
from asr.vad import ClippingRule, VoiceActivity
from monitoring.errors import JournalFull
from monitoring.events import Event
from monitoring.store import EventStore
from serving.second_vad import MAX_WAIT_S, MAX_WAITING_S, Outcome, SecondVad, second_event
from tests.serving.conftest import LiveServer
from tests.serving.processes import PATIENT, metric, serving, wait_until

QUERY = Event(
    event_id="req_1",
    request_id="req_1",
    at=1.7e9,
    kind="voice",
    user_id="ann",
    slices={"device_model": "phone", "app_version": "5.2"},
    signals={"confidence": 0.9},
    details={"query": "what time is it"},
)


@dataclass
class Fake:
    """Hears speech from 0.5 s to 1 s, when it is let."""

    name: str = "fake"
    hop_s: float = 0.1
    may_hear: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)

    def load(self) -> None:
        pass

    def activity(self, audio: Audio) -> VoiceActivity:
        self.began.set()
        assert self.may_hear.wait(10)
        probabilities = np.zeros(round(audio.duration_s / self.hop_s), np.float32)
        probabilities[5:10] = 1
        return VoiceActivity(probabilities, self.hop_s, audio.duration_s)


def sound(seconds: float = 2.0) -> Located:
    return Located(Audio(np.zeros(round(seconds * 16_000), np.float32)), (Span(0.0, 1.0),))


def eager() -> Fake:
    fake = Fake()
    fake.may_hear.set()
    return fake


@dataclass
class Scene:
    """A second detector at work, and what came of it."""

    vad: SecondVad
    taken: list[Event]
    outcomes: list[Outcome]


@contextmanager
def at_work(
    fake: Fake,
    *,
    is_idle: Callable[[], bool] = lambda: True,
    share: float = 1.0,
    max_wait_s: float = MAX_WAIT_S,
    take: Callable[[Event], object] | None = None,
) -> Iterator[Scene]:
    taken: list[Event] = []
    outcomes: list[Outcome] = []
    vad = SecondVad(
        fake,
        ClippingRule(),
        take=take or taken.append,
        is_idle=is_idle,
        observe=outcomes.append,
        share=share,
        max_wait_s=max_wait_s,
    )
    vad.start()
    try:
        yield Scene(vad, taken, outcomes)
    finally:
        fake.may_hear.set()
        vad.close(10)


def test_the_event_is_the_querys_but_for_what_was_heard() -> None:
    event = second_event(QUERY, sound(), eager(), ClippingRule())
    assert (event.event_id, event.request_id, event.kind) == ("req_1/second_vad", "req_1", "second_vad")
    assert (event.slices, event.user_id, event.at) == (QUERY.slices, "ann", QUERY.at)
    assert event.details == {}
    assert event.signals == {
        "second_speech_s": pytest.approx(0.5),
        "second_segments": 1,
        "second_lead_silence_s": 0.5,
        "second_trail_silence_s": 1.0,
        "second_onset_clipped": False,
        "second_offset_clipped": False,
        "vad_disagreement": pytest.approx(0.25),
        "vad_lead_difference_s": 0.5,
    }


def test_it_hears_behind_the_caller() -> None:
    with at_work(eager()) as scene:
        scene.vad.offer(QUERY, sound())
        wait_until(lambda: scene.outcomes == [Outcome.COMPARED])
    assert [event.event_id for event in scene.taken] == ["req_1/second_vad"]


def test_it_waits_while_the_server_has_requests() -> None:
    idle = threading.Event()
    with at_work(eager(), is_idle=idle.is_set) as scene:
        scene.vad.offer(QUERY, sound())
        time.sleep(0.1)
        assert scene.outcomes == []
        idle.set()
        wait_until(lambda: scene.outcomes == [Outcome.COMPARED])


def test_what_waits_is_bounded_and_the_rest_is_dropped_and_counted() -> None:
    with at_work(eager(), is_idle=lambda: False) as scene:
        for _ in range(10):
            scene.vad.offer(QUERY, sound(MAX_WAITING_S / 4))
        assert scene.outcomes == [Outcome.DROPPED] * 6
    assert scene.taken == []


def test_sound_is_let_go_of_on_a_server_that_is_never_idle() -> None:
    with at_work(eager(), is_idle=lambda: False, max_wait_s=0.05) as scene:
        scene.vad.offer(QUERY, sound())
        wait_until(lambda: scene.outcomes == [Outcome.DROPPED])


def test_the_share_is_kept() -> None:
    with at_work(eager(), is_idle=lambda: False, share=0.25) as scene:
        for _ in range(4000):
            scene.vad.offer(QUERY, sound(1000.0))
        assert 850 < len(scene.outcomes) < 1150


def test_a_failure_is_counted_and_the_next_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(event: Event) -> None:
        raise JournalFull("full")

    with at_work(eager(), take=refuse) as scene:
        for _ in range(2):
            scene.vad.offer(QUERY, sound())
        wait_until(lambda: scene.outcomes == [Outcome.FAILED] * 2)
    assert "the second voice detector failed" in caplog.text


def test_the_end_waits_for_one_recording_and_not_for_all() -> None:
    fake = Fake()
    with at_work(fake) as scene:
        for _ in range(5):
            scene.vad.offer(QUERY, sound())
        assert fake.began.wait(10)
        threading.Timer(0.1, fake.may_hear.set).start()
        scene.vad.close(10)
        assert scene.outcomes == [Outcome.COMPARED]
        scene.vad.offer(QUERY, sound())
        assert scene.outcomes == [Outcome.COMPARED, Outcome.DROPPED]


def events_of(database: str, request_id: str) -> dict[str, Event]:
    store = EventStore.open(database)
    try:
        return {event.kind: event for event in store.by_request(request_id)}
    finally:
        store.close()


def test_a_query_leaves_both_events(server: LiveServer, query_clip: Path) -> None:
    fields = {"device_model": "Pixel 9", "app_version": "5.2", "user_id": "ann"}
    answer = httpx.post(server.base_url + "/v1/search", files={"file": query_clip.read_bytes()}, data=fields)
    request_id = answer.json()["request_id"]
    database = f"sqlite:///{server.database}"
    wait_until(lambda: events_of(database, request_id).keys() == {"voice", "second_vad"})
    events = events_of(database, request_id)
    voice, second = events["voice"], events["second_vad"]
    assert (second.slices, second.user_id) == (voice.slices, voice.user_id)
    assert second.details == {}
    assert 0 < (second.signals["second_speech_s"] or 0) < 2.3
    assert 0 <= (second.signals["vad_disagreement"] or 0) < 0.5
    assert metric(server.base_url, "voicesearch_second_vad_total", outcome="compared") >= 1


@pytest.mark.slow
@pytest.mark.parametrize(("path", "share"), [("webrtc", "1"), ("silero", "0")])
def test_whichever_is_on_the_path_the_other_is_behind_it(
    tmp_path: Path, query_clip: Path, path: str, share: str
) -> None:
    settings = {"frontend.vad": path, "monitoring.second_vad_share": share, **PATIENT}
    with serving(tmp_path, settings) as server:
        answer = httpx.post(server.url + "/v1/search", files={"file": query_clip.read_bytes()})
        request_id = answer.json()["request_id"]
        if share == "1":
            wait_until(lambda: "second_vad" in events_of(server.database, request_id))
            second = events_of(server.database, request_id)["second_vad"]
            assert (second.signals["second_lead_silence_s"] or 0) == pytest.approx(0.7, abs=0.15)
        else:
            assert server.metric("voicesearch_second_vad_total") == 0


def test_the_page_names_every_signal() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    (row,) = [line for line in page.splitlines() if line.startswith("| kind `second_vad` |")]
    signals = second_event(QUERY, sound(), eager(), ClippingRule()).signals
    assert set(re.findall(r"`(\w+)`", row.rsplit("|", 2)[1])) == signals.keys()
