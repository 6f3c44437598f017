import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest

from monitoring.events import Event
from serving.errors import BadField, Conflict, NotFound
from serving.review.desk import ReviewDesk, recording_of
from serving.review.item import State
from serving.review.settings import ReviewSettings
from serving.state.store import StateStore
from tests.serving.review.making import item, review, unintelligible


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A file: what databases differ in, the queue's own tests see."""
    return f"sqlite:///{tmp_path}/events.db"


class Published(list[Event]):
    """Events that a desk published."""


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def desk(state: StateStore, published: Published) -> ReviewDesk:
    return ReviewDesk(state, ReviewSettings(), publish=published.append)


def test_a_finished_review_becomes_one_event(desk: ReviewDesk, published: Published) -> None:
    desk.queue.offer(item(required=2))
    desk.queue.claim_next("ann")
    desk.submit("req_000000", review("ann"))
    assert published == []
    desk.queue.claim_next("bob")
    desk.submit("req_000000", review("bob"))
    desk.submit("req_000000", review("bob"))
    assert {one.event_id for one in published} == {"req_000000/review"}


def test_an_unknown_convention_is_refused(desk: ReviewDesk) -> None:
    desk.queue.offer(item())
    desk.queue.claim_next("ann")
    with pytest.raises(BadField, match="no transcript convention 'klingon'"):
        desk.submit("req_000000", review("ann", convention="klingon"))


def test_the_recording_is_for_whoever_has_the_item(desk: ReviewDesk, query_clip: Path) -> None:
    desk.queue.offer(item(media=str(query_clip)))
    with pytest.raises(Conflict, match="claim it first"):
        desk.recording("req_000000", "ann")
    desk.queue.claim_next("ann")
    assert desk.recording("req_000000", "ann") == query_clip.read_bytes()
    with pytest.raises(Conflict, match="bob does not have req_000000 now"):
        desk.recording("req_000000", "bob")
    desk.submit("req_000000", unintelligible("ann"))
    with pytest.raises(Conflict):
        desk.recording("req_000000", "ann")


def test_a_recording_that_is_gone_or_never_was_one(desk: ReviewDesk, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="has no recording"):
        recording_of(item())
    os.mkfifo(tmp_path / "pipe")
    for name in ("gone", "pipe", "."):
        with pytest.raises(NotFound, match="the recording of req_000000 is gone"):
            recording_of(item(media=name), tmp_path)


def test_others_texts_are_seen_in_a_dispute_only(desk: ReviewDesk) -> None:
    desk.queue.offer(item(required=2))
    for labeler, text in (("ann", "play jazz"), ("bob", "play chess")):
        mine = desk.queue.claim_next(labeler)
        assert mine
        assert desk.earlier(mine) == []
        desk.submit(mine.item_id, review(labeler, text))
    mine = desk.queue.claim_next("cleo")
    assert mine
    assert [one.text for one in desk.earlier(mine)] == ["play jazz", "play chess"]


def test_what_is_known(desk: ReviewDesk) -> None:
    desk.queue.offer(item(0, required=2))
    desk.queue.offer(item(1))
    for labeler in ("ann", "bob"):
        while mine := desk.queue.claim_next(labeler):
            desk.submit(mine.item_id, review(labeler, "play some jazz"))
    known = desk.known()
    assert [(one.variant, one.reviews, one.wer.value) for one in known.estimates] == [("champion", 2, 0.0)]
    assert [(one.labelers, one.items) for one in known.agreements] == [((), 1), (("ann", "bob"), 1)]
    assert desk.figures().states == {"done": 2}


def test_tending_gives_up_what_is_too_old(desk: ReviewDesk) -> None:
    desk.queue.offer(item())  # of 2023

    async def tend() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                tending = asyncio.create_task(desk.tend())
                while (await asyncio.to_thread(desk.queue.get, "req_000000")).is_open:
                    await asyncio.sleep(0.01)
        tending.cancel()

    asyncio.run(tend())
    assert desk.queue.get("req_000000").state is State.EXPIRED
