"""From a spoken query to what is known of the service: a real server, its queue, a reviewer, and the event store."""

from pathlib import Path

import httpx
import pytest

from monitoring.store import EventStore
from tests.serving.processes import PATIENT, ServerProcess, serving, wait_until

pytestmark = pytest.mark.slow

EVERYTHING = {"privacy.keep_audio": "true", "review.min_share": "1", "review.max_share": "1"}
"""Every query with consent is drawn."""


def search(server: ServerProcess, clip: Path, **fields: str) -> str:
    """The request's id."""
    answer = httpx.post(server.url + "/v1/search", files={"file": clip.read_bytes()}, data=fields)
    assert answer.json()["transcript"] == "what time is it"
    return str(answer.json()["request_id"])


def admin(server: ServerProcess, path: str, **body: object) -> httpx.Response:
    address = f"{server.url}/admin/review{path}"
    return httpx.post(address, json=body) if body else httpx.get(address)


def test_a_query_is_heard_again_by_a_person(tmp_path: Path, query_clip: Path) -> None:
    with serving(tmp_path, EVERYTHING | PATIENT) as server:
        search(server, query_clip)
        heard = search(server, query_clip, consent="true", device_model="X1", user_id="u1")
        wait_until(lambda: admin(server, "").json()["backlog"] > 0)
        item = admin(server, "/claim", labeler="ann").json()["item"]
        assert (item["id"], item["text"], item["inclusion_probability"]) == (heard, None, 1.0)
        sound = admin(server, f"/items/{heard}/recording?labeler=ann")
        assert sound.content == query_clip.read_bytes()
        claimed = admin(server, "/claim", labeler="bob").json()
        assert claimed == {"item": None}
        server.process.kill()
    with serving(tmp_path, EVERYTHING | PATIENT) as server:
        done = admin(server, f"/items/{heard}/submit", labeler="ann", text="what dime is it").json()
        if done["state"] == "waiting":  # drawn for two people
            admin(server, "/claim", labeler="bob")
            done = admin(server, f"/items/{heard}/submit", labeler="bob", text="what dime is it").json()
        assert (done["state"], done["score"], done["text"]) == ("done", {"errors": 1, "words": 4}, "what time is it")
        (whole, *_) = admin(server, "/estimate").json()["estimates"]
        assert (whole["variant"], whole["wer"], whole["reviews"]) == ("champion", 0.25, 1)
        store = EventStore.open(server.database)
        wait_until(lambda: store.has_event(f"{heard}/review"))
        (event,) = [one for one in store.by_request(heard) if one.kind == "review"]
        store.close()
    assert (event.signals["wer"], event.slices["device_model"], event.user_id) == (0.25, "X1", "u1")
