"""`/admin/review` over a queue, without the rest of a server."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from asr.errors import AsrError
from asr.recognizer import Word
from monitoring.errors import MonitoringError
from serving.errors import ServingError
from serving.middleware import on_expected, on_invalid
from serving.review.desk import ReviewDesk
from serving.review.item import Answer
from serving.review.settings import ReviewSettings
from serving.review.store import ReviewStore
from serving.routes import review as route
from serving.state.store import StateStore
from tests.serving.review.conftest import Clock
from tests.serving.review.making import NOW, item

Call = Callable[..., httpx.Response]


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A file: what databases differ in, the queue's own tests see."""
    return f"sqlite:///{tmp_path}/events.db"


@dataclass
class Reviewed:
    """What the route needs of a service."""

    reviews: ReviewDesk


@pytest.fixture
def desk(state: StateStore, clock: Clock) -> ReviewDesk:
    desk = ReviewDesk(state, ReviewSettings())
    desk.queue = ReviewStore(state, lease_s=60, clock=clock)
    return desk


@pytest.fixture
def call(desk: ReviewDesk) -> Call:
    app = FastAPI()
    app.state.service = Reviewed(desk)
    for kind in (ServingError, AsrError, MonitoringError):
        app.add_exception_handler(kind, on_expected)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.include_router(route.router)

    def send(method: str, path: str, **body: object) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                content = json.dumps(body).encode()  # with half surrogates, as JSON can write them
                headers = {"content-type": "application/json"}
                return await client.request(
                    method, f"/admin/review{path}", content=content if body else None, headers=headers
                )

        return asyncio.run(once())

    return send


def test_from_claim_to_verdict(call: Call, desk: ReviewDesk, query_clip: Path) -> None:
    desk.queue.offer(item(media=str(query_clip), slices={"device_model": "X1"}))
    assert call("GET", "").json()["backlog"] == 1
    mine = call("POST", "/claim", labeler="ann").json()["item"]
    assert (mine["id"], mine["text"], mine["claimed_by"], mine["has_recording"]) == ("req_000000", None, "ann", True)
    heard = call("GET", "/items/req_000000/recording?labeler=ann")
    assert (heard.content, heard.headers["content-type"]) == (query_clip.read_bytes(), "audio/flac")
    assert call("POST", "/items/req_000000/renew", labeler="ann").status_code == 200
    done = call("POST", "/items/req_000000/submit", labeler="ann", text="play jazz", spent_s=3.5).json()
    assert (done["state"], done["score"], done["verdict"]["text"]) == ("done", {"errors": 1, "words": 2}, "play jazz")
    assert done["text"] == "play some jazz"
    assert call("POST", "/claim", labeler="ann").json() == {"item": None}
    (estimate,) = call("GET", "/estimate").json()["estimates"]
    assert (estimate["variant"], estimate["wer"], estimate["wer_ci95"]) == ("champion", 0.5, [0.0, None])
    assert call("GET", "").json()["states"] == {"done": 1}


def test_skip_release_and_unintelligible(call: Call, desk: ReviewDesk) -> None:
    desk.queue.offer(item())
    call("POST", "/claim", labeler="ann")
    assert call("POST", "/items/req_000000/release", labeler="ann").json()["state"] == "waiting"
    call("POST", "/items/req_000000/claim", labeler="ann")
    assert call("POST", "/items/req_000000/skip", labeler="ann").json()["labelers"] == ["ann"]
    call("POST", "/claim", labeler="bob")
    done = call("POST", "/items/req_000000/unintelligible", labeler="bob").json()
    assert (done["state"], done["verdict"]["said"], done["score"]) == ("done", "unintelligible", None)


def test_a_second_labeler_is_not_told_what_the_first_one_wrote(call: Call, desk: ReviewDesk) -> None:
    desk.queue.offer(item(required=2))
    for labeler, text in (("ann", "play jazz"), ("bob", "play chess")):
        shown = call("POST", "/claim", labeler=labeler).text
        assert "play jazz" not in shown
        call("POST", "/items/req_000000/submit", labeler=labeler, text=text)
    earlier = call("POST", "/claim", labeler="cleo").json()["item"]["earlier"]
    assert [one["text"] for one in earlier] == ["play jazz", "play chess"]


def test_pages(call: Call, desk: ReviewDesk) -> None:
    for number in range(3):
        desk.queue.offer(item(number))
    first = call("GET", "/items?limit=2&state=waiting").json()
    rest = call("GET", f"/items?limit=2&after={first['next']}").json()
    assert [one["at"] - NOW for one in first["items"] + rest["items"]] == [0, 1, 2]
    assert rest["next"] is None
    assert "jazz" not in str(first)
    assert call("GET", "/items/req_000001").json()["id"] == "req_000001"


def test_an_answer_is_shown_before_only_where_people_start_from_it(call: Call, desk: ReviewDesk) -> None:
    answer = Answer(text="play jazz", alternatives=("play chess",), words=(Word("play", 0.9), Word("jazz", 0.4)))
    for number, answer_shown in enumerate((False, True)):
        desk.queue.offer(item(number, answer=answer, answer_shown=answer_shown))
    blind, assisted = (call("POST", "/claim", labeler="ann").json()["item"] for _ in range(2))
    assert (blind["text"], blind["alternatives"], blind["words"]) == (None, [], [])
    assert (assisted["text"], assisted["alternatives"]) == ("play jazz", ["play chess"])
    assert assisted["words"] == [{"word": "play", "confidence": 0.9}, {"word": "jazz", "confidence": 0.4}]


def test_who_comes_too_late_is_told_who_has_it(call: Call, desk: ReviewDesk, clock: Clock, query_clip: Path) -> None:
    desk.queue.offer(item(media=str(query_clip)))
    call("POST", "/claim", labeler="ann")
    clock.now += 61
    assert call("GET", "/items/req_000000/recording?labeler=ann").status_code == 409
    assert call("POST", "/claim", labeler="bob").json()["item"]
    late = call("POST", "/items/req_000000/submit", labeler="ann", text="play jazz")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    assert "claimed by bob" in late.json()["error"]["message"]


def test_a_double_submit_and_another_text(call: Call, desk: ReviewDesk) -> None:
    desk.queue.offer(item())
    call("POST", "/claim", labeler="ann")
    first, second, other = (
        call("POST", "/items/req_000000/submit", labeler="ann", text=text) for text in ("a", "a", "b")
    )
    assert first.json() == second.json()
    assert other.status_code == 409


def test_a_recording_that_is_gone(call: Call, desk: ReviewDesk, tmp_path: Path) -> None:
    desk.queue.offer(item(media=str(tmp_path / "gone")))
    call("POST", "/claim", labeler="ann")
    gone = call("GET", "/items/req_000000/recording?labeler=ann")
    assert gone.status_code == 404
    assert str(tmp_path) not in gone.text


@pytest.mark.parametrize("item_id", ["nobody", "a%00b", "x" * 400, "..%2F..%2Fetc%2Fpasswd", "%F0%9F%8E%B5", "%FF"])
def test_hostile_ids(call: Call, item_id: str) -> None:
    for method, path, body in (
        ("GET", f"/items/{item_id}", {}),
        ("GET", f"/items/{item_id}/recording?labeler=ann", {}),
        ("POST", f"/items/{item_id}/submit", {"labeler": "ann", "text": "a"}),
        ("POST", f"/items/{item_id}/claim", {"labeler": "ann"}),
    ):
        assert call(method, path, **body).status_code == 404, (method, path)


@pytest.mark.parametrize(
    "body",
    [
        {"labeler": "", "text": "a"},
        {"labeler": "a\0b", "text": "a"},
        {"labeler": "ann"},
        {"labeler": "ann", "text": "a" * 2001},
        {"labeler": "ann", "text": "a\0b"},
        {"labeler": "ann", "text": "\ud800"},
        {"labeler": "ann", "text": "a", "convention": "klingon"},
        {"labeler": "ann", "text": "a", "spent_s": -1},
        {"labeler": "ann", "text": "a", "spent_s": 1e300},
        {"labeler": "ann", "text": "a", "state": "done"},
        {"labeler": ["ann"], "text": {"a": 1}},
    ],
)
def test_bad_submissions(call: Call, desk: ReviewDesk, body: dict[str, object]) -> None:
    desk.queue.offer(item())
    call("POST", "/claim", labeler="ann")
    refused = call("POST", "/items/req_000000/submit", **body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_field")
    assert desk.queue.reviews("req_000000") == []


def test_the_convention_while_one_types(call: Call) -> None:
    found = call("POST", "/check", text="Play twenty one pilots!").json()
    assert (found["convention"], found["text"]) == ("search@1", "play 21 pilots")
    assert found["differences"][0] == {
        "rule": "case",
        "about": "Everything is lower case.",
        "typed": "Play",
        "suggested": "play",
    }
    assert call("POST", "/check", text="Play!", convention="verbatim").json()["differences"] == []
    assert call("POST", "/check", text="a", convention="klingon").status_code == 422
