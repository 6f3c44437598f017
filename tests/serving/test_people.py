"""People beside the model, through a real server: who answers under each degree, and what is drawn for review."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from monitoring.store import EventStore
from serving.review.store import ReviewStore
from serving.state.store import StateStore
from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

pytestmark = pytest.mark.slow

LABELER = {"labeler": "ann"}
SETTINGS = {
    **PATIENT,
    "automation.daily_budget": "100",
    "automation.wait_s": "20",
    "automation.poll_s": "0.2",
    "privacy.keep_audio": "true",
    "review.min_share": "0.999999",
    "review.max_share": "1",
}


@contextmanager
def answering(folder: Path, degree: str, **settings: str) -> Iterator[ServerProcess]:
    with serving(folder, {**SETTINGS, "automation.degree": degree, **settings}) as server:
        yield server


def ask(server: ServerProcess, clip: Path, *, consent: bool = True) -> httpx.Response:
    fields = {"consent": str(consent).lower(), "user_id": "u1"}
    return httpx.post(server.url + "/v1/search", files={"file": clip.read_bytes()}, data=fields, timeout=60)


def claim(server: ServerProcess) -> dict[str, object]:
    """What the next reviewer gets, once there is something."""
    found: list[httpx.Response] = []

    def comes() -> bool:
        found.append(httpx.post(server.url + "/admin/review/claim", json=LABELER))
        return found[-1].status_code == 200 and bool(found[-1].json().get("item"))

    wait_until(comes)
    item: dict[str, object] = found[-1].json()["item"]
    return item


def say(server: ServerProcess, item: dict[str, object], text: str) -> None:
    route = f"{server.url}/admin/review/items/{item['id']}/submit"
    assert httpx.post(route, json={**LABELER, "text": text}).status_code == 200


@pytest.mark.parametrize("degree", ["human_only", "shadow", "assist"])
def test_a_persons_text_is_the_answer(tmp_path: Path, query_clip: Path, degree: str) -> None:
    with answering(tmp_path, degree) as server, ThreadPoolExecutor(1) as users:
        asked = users.submit(ask, server, query_clip)
        item = claim(server)
        assert bool(item["text"]) == (degree == "assist")
        assert bool(item["words"]) == (degree == "assist")
        recording = httpx.get(f"{server.url}/admin/review/items/{item['id']}/recording", params=LABELER)
        assert recording.status_code == 200
        assert len(recording.content) > 1000
        say(server, item, "weather tomorrow")
        answer = asked.result().json()
    assert (answer["transcript"], answer["automation"]) == ("weather tomorrow", degree)
    assert (answer["answered_by"], answer["confidence"]) == ("person", None)
    assert answer["results"]
    assert answer["timings_ms"]["person"] > 0
    assert (answer["audio"] is None) == (degree == "human_only")


def test_an_address_is_answered_and_not_kept(tmp_path: Path, query_clip: Path) -> None:
    """Of "John@example.com" the convention makes words that are no address any more."""
    with answering(tmp_path, "assist") as server, ThreadPoolExecutor(1) as users:
        asked = users.submit(ask, server, query_clip)
        say(server, claim(server), "Mail John@example.com!")
        answer = asked.result().json()
        assert answer["transcript"] == "mail john example com"
        store = EventStore.open(server.database)
        wait_until(lambda: store.has_event(answer["request_id"]))
        (event,) = [one for one in store.by_request(answer["request_id"]) if one.kind == "voice"]
        store.close()
        assert event.details["query"] == "mail [email]"
        state = StateStore.open(server.database)
        item = ReviewStore(state).get(answer["request_id"])
        state.close()
        assert item.verdict
        assert (item.verdict.text, item.typed) == ("Mail [email]!", None)


def test_nobody_listens_without_consent_and_nobody_waits_for_ever(tmp_path: Path, query_clip: Path) -> None:
    with answering(tmp_path, "assist", **{"automation.wait_s": "0.5"}) as server:
        refused = ask(server, query_clip, consent=False)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "consent_required")
        late = ask(server, query_clip)
        assert (late.status_code, late.json()["error"]["code"]) == (503, "nobody_answered")
        assert "retry-after" in late.headers
        broken = httpx.post(server.url + "/v1/search", files={"file": b"no sound"}, data={"consent": "true"})
        assert broken.status_code == 400


def test_without_a_threshold_people_answer_and_without_consent_the_model_does(tmp_path: Path, query_clip: Path) -> None:
    with answering(tmp_path, "partial") as server, ThreadPoolExecutor(1) as users:
        alone = ask(server, query_clip, consent=False).json()
        assert (alone["answered_by"], alone["automation"], alone["why"]) == ("model", "partial", "no_consent")
        asked = users.submit(ask, server, query_clip)
        say(server, claim(server), "what time is it")
        answer = asked.result().json()
        assert (answer["answered_by"], answer["why"]) == ("person", "no_threshold")


def test_what_the_model_answers_is_drawn_for_review(tmp_path: Path, query_clip: Path) -> None:
    with answering(tmp_path, "full") as server:
        answer = ask(server, query_clip).json()
        assert (answer["answered_by"], answer["automation"]) == ("model", "full")
        assert ask(server, query_clip, consent=False).status_code == 200
        item = claim(server)
        assert item["id"] == answer["request_id"]
        assert item["inclusion_probability"] == pytest.approx(1.0, abs=1e-3)
        say(server, item, "what time is it")
        time.sleep(1)
        assert httpx.post(server.url + "/admin/review/claim", json=LABELER).json().get("item") is None


def test_human_traffic_refuses_a_recording_that_is_none(tmp_path: Path) -> None:
    with answering(tmp_path, "human_only") as server:
        broken = httpx.post(server.url + "/v1/search", files={"file": b"no sound"}, data={"consent": "true"})
        assert broken.status_code == 400
