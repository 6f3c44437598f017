"""A candidate in the shadow of a real server: it hears what the champion answers, and nobody gets its answers."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from monitoring.store import EventStore, Selection
from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

pytestmark = pytest.mark.slow

CONFIG = {
    **PATIENT,
    "rollout.variants": '[{"name": "deaf", "frontend": {"min_speech_s": 30, "recognize_undetected": false}}]',
    "rollout.policy": '{"shadow": {"share": 1.0}}',
    "privacy.keep_audio": "true",
    "review.min_share": "0.000001",
    "review.max_share": "0.000001",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with serving(tmp_path, CONFIG) as server:
        start = {"by": "ann", "variant": "deaf", "strategy": "shadow"}
        reply = httpx.post(server.url + "/admin/rollouts", json=start, timeout=60)
        assert reply.status_code == 201, reply.text
        yield server


def ask(server: ServerProcess, clip: Path, *, consent: bool = True) -> dict[str, object]:
    fields = {"consent": str(consent).lower(), "device_model": "Pixel 7"}
    reply = httpx.post(server.url + "/v1/search", files={"file": clip.read_bytes()}, data=fields, timeout=60)
    assert reply.status_code == 200, reply.text
    answer: dict[str, object] = reply.json()
    return answer


def test_it_hears_everything_and_its_answers_are_used_for_nothing(server: ServerProcess, query_clip: Path) -> None:
    answer = ask(server, query_clip)
    assert (answer["variant"], answer["transcript"]) == ("champion", "what time is it")
    wait_until(lambda: server.metric("voicesearch_shadow_total", outcome="compared") == 1)
    store = EventStore.open(server.database)
    wait_until(lambda: store.count(Selection(kinds=frozenset({"shadow"}))) == 1)
    (event,) = store.events(Selection(kinds=frozenset({"shadow"})))
    store.close()
    assert event.request_id == answer["request_id"]
    assert event.event_id == f"{event.request_id}/shadow/deaf"
    assert event.slices.items() >= {"device_model": "Pixel 7", "variant": "champion", "candidate": "deaf"}.items()
    assert event.signals["null_candidate"] is True
    assert event.signals["null_champion"] is False
    assert event.signals["wer_between"] == 1
    assert event.signals["top_differs"] is True
    assert event.details["text_champion"] == "what time is it"


def test_where_they_differ_people_are_asked_but_only_with_consent(server: ServerProcess, query_clip: Path) -> None:
    ask(server, query_clip, consent=False)
    wait_until(lambda: server.metric("voicesearch_shadow_total", outcome="compared") == 1)
    asked = ask(server, query_clip)
    items: list[dict[str, object]] = []

    def offered() -> bool:
        items[:] = httpx.get(server.url + "/admin/review/items").json()["items"]
        return bool(items)

    wait_until(offered)
    assert [(item["id"], item["reason"]) for item in items] == [(asked["request_id"], "disagreement")]


def test_a_rollout_that_ends_ends_the_shadow(server: ServerProcess, query_clip: Path) -> None:
    (rollout,) = httpx.get(server.url + "/admin/rollouts").json()["rollouts"]
    done = httpx.post(f"{server.url}/admin/rollouts/{rollout['id']}/rollback", json={"by": "ann"})
    assert done.status_code == 200
    ask(server, query_clip)
    wait_until(lambda: server.metric("voicesearch_pending_events") == 0)
    assert server.metric("voicesearch_shadow_total") == 0
