"""`/v1/events`: what the user did with an answer, kept once and for good."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from monitoring.store import EventStore, Selection
from tests.serving.conftest import LiveServer
from tests.serving.processes import serving, wait_until


@pytest.fixture
def store(server: LiveServer) -> Iterator[EventStore]:
    store = EventStore.open(f"sqlite:///{server.database}")
    yield store
    store.close()


@pytest.fixture
def request_id(server: LiveServer) -> str:
    answer = httpx.post(server.base_url + "/v1/search/text", json={"query": "what time is it", "user_id": "dora"})
    assert answer.status_code == 200
    return str(answer.json()["request_id"])


def report(server: LiveServer, **event: object) -> httpx.Response:
    return httpx.post(server.base_url + "/v1/events", json=event)


def new_id() -> str:
    return f"click-{uuid.uuid4().hex}"


def test_an_event_reaches_the_store(server: LiveServer, store: EventStore, request_id: str) -> None:
    event_id = new_id()
    answer = report(
        server, request_id=request_id, type="click", item_id="action-time", event_id=event_id, timestamp=1.7e9
    )
    assert (answer.status_code, answer.json()) == (200, {"event_id": event_id, "duplicate": False})
    wait_until(lambda: store.has_event(event_id))
    event = next(event for event in store.by_request(request_id) if event.event_id == event_id)
    assert (event.kind, event.details["item_id"], event.signals["client_at_s"]) == ("click", "action-time", 1.7e9)
    assert event.at > 1.7e9


@pytest.mark.parametrize("kind", ["click", "play", "abandon", "correct"])
def test_every_type_is_taken_and_gets_an_id(server: LiveServer, request_id: str, kind: str) -> None:
    body = report(server, request_id=request_id, type=kind, text="what time is it now").json()
    assert body["duplicate"] is False
    assert body["event_id"].startswith("evt_")


def test_an_event_that_is_sent_twice_counts_once(server: LiveServer, store: EventStore, request_id: str) -> None:
    event = {"request_id": request_id, "type": "play", "event_id": new_id()}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: report(server, **event), range(16)))
    assert [answer.status_code for answer in answers] == [200] * 16
    assert sorted(answer.json()["duplicate"] for answer in answers) == [False] + [True] * 15
    wait_until(lambda: store.has_event(event["event_id"]))
    assert report(server, **event).json()["duplicate"] is True
    assert [one.event_id for one in store.by_request(request_id)].count(event["event_id"]) == 1


def test_a_request_that_nobody_answered_is_404(server: LiveServer) -> None:
    answer = report(server, request_id="req_of_somebody_else", type="click")
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (404, "request_id", "not_found")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"type": "stare"}, "type"),
        ({"type": None}, "type"),
        ({"text": "x" * 1001}, "text"),
        ({"text": 5}, "text"),
        ({"item_id": "i" * 201}, "item_id"),
        ({"item_id": ""}, "item_id"),
        ({"event_id": "e" * 201}, "event_id"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"colour": "blue"}, "colour"),
        ({"request_id": ""}, "request_id"),
    ],
)
def test_a_bad_field_is_named(server: LiveServer, request_id: str, change: dict[str, object], param: str) -> None:
    answer = report(server, **{"request_id": request_id, "type": "click"} | change)
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


def test_an_event_that_no_store_can_hold(server: LiveServer, request_id: str) -> None:
    answer = report(server, request_id=request_id, type="correct", text="a\0b")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_event")


@pytest.mark.slow
def test_what_was_acknowledged_outlives_kill_9(tmp_path: Path, query_clip: Path) -> None:
    """Killed in the middle of its work, three times; each acknowledged request and click is stored exactly once."""
    acknowledged: list[str] = []
    with httpx.Client(timeout=30) as client:
        for _ in range(3):
            with serving(tmp_path, {"limits.deadline_s": "30"}) as server:

                def send(number: int, url: str = server.url) -> None:
                    body = {"query": f"query {number}"}
                    if number % 10:
                        answer = client.post(url + "/v1/search/text", json=body)
                    else:
                        answer = client.post(url + "/v1/search", files={"file": query_clip.read_bytes()})
                    request_id = answer.json()["request_id"]
                    acknowledged.append(request_id)
                    click = {"request_id": request_id, "type": "click", "event_id": f"click-{request_id}"}
                    if client.post(url + "/v1/events", json=click).status_code == 200:
                        acknowledged.append(click["event_id"])

                with ThreadPoolExecutor(4) as pool:
                    waiting = [pool.submit(send, number) for number in range(200)]
                    wait_until(lambda: sum(one.done() for one in waiting) >= 60)  # noqa: B023
                    server.process.kill()
                    server.process.wait()
                    errors = [one.exception() for one in waiting]
                assert any(errors), "it was not killed in the middle"
                assert all(error is None or isinstance(error, httpx.TransportError) for error in errors)
        with serving(tmp_path) as server:
            wait_until(lambda: server.metric("voicesearch_pending_events") == 0)
    store = EventStore.open(f"sqlite:///{tmp_path}/voicesearch.db")
    stored = [event.event_id for event in store.events(Selection())]
    store.close()
    assert len(stored) == len(set(stored))
    assert len(acknowledged) >= 3 * 100
    assert set(acknowledged) <= set(stored)


def test_the_id_of_a_request_is_no_id_for_an_event(server: LiveServer, request_id: str) -> None:
    answer = report(server, request_id=request_id, type="play", event_id=request_id)
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "event_id")
