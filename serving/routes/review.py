"""`/admin/review`: the queue, its items, and what reviewers do. A recording is heard only by whoever has its item."""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from asr import convention
from asr.convention import SEARCH
from asr.errors import UnknownConvention
from serving.errors import BadField
from serving.keys.identity import ActorName, actor
from serving.review.check import check
from serving.review.desk import ReviewDesk
from serving.review.item import Review, ReviewItem, Said, State
from serving.review.media import media_type
from serving.review.store import MAX_PAGE
from serving.review.view import estimate_json, figures_json, item_json, summary_json
from serving.routes.service import json_response, service_of

router = APIRouter(prefix="/admin/review")

MAX_TEXT_CHARS: Final = 2000

Text = Annotated[str, Field(max_length=MAX_TEXT_CHARS, pattern=r"^[^\x00]*$")]
ConventionName = Annotated[str, Field(max_length=100)]


class Deed(BaseModel):
    """Who does something."""

    model_config = ConfigDict(extra="forbid")

    labeler: ActorName | None = None
    """Needed only where keys are off; else it is the key's name."""


class Submission(Deed):
    """What was heard, and how long it took."""

    text: Text
    convention: ConventionName = SEARCH.id
    spent_s: Annotated[float, Field(ge=0, le=86_400)] | None = None


class Typed(BaseModel):
    """A text as it stands while somebody types it."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    convention: ConventionName = SEARCH.id


@router.get("")
async def show_queue(request: Request) -> Response:
    """How the queue is doing."""
    return json_response(figures_json(await run_in_threadpool(_desk(request).figures)))


@router.get("/estimate")
async def show_estimate(request: Request, since: Annotated[float, Query(ge=0, allow_inf_nan=False)] = 0.0) -> Response:
    """What the reviews say of each variant and slice, and how far labelers agree."""
    desk = _desk(request)
    return json_response(estimate_json(await run_in_threadpool(lambda: desk.known(since=since))))


@router.get("/items")
async def list_items(
    request: Request,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Items, the oldest first, without what was said; `next` is what `after` has to be for the next page."""
    return json_response(await run_in_threadpool(_page, _desk(request), state, limit, after))


@router.get("/items/{item_id}")
async def show_item(request: Request, item_id: str) -> Response:
    """One item with all that is known, but for the recording."""
    return json_response(await run_in_threadpool(_shown, _desk(request), item_id))


@router.get("/items/{item_id}/recording")
async def play_recording(
    request: Request, item_id: str, labeler: Annotated[ActorName | None, Query()] = None
) -> Response:
    """The recording as it came, for whoever has the item now."""
    data = await run_in_threadpool(_desk(request).recording, item_id, _labeler(request, labeler))
    headers = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
    return Response(data, media_type=media_type(data), headers=headers)


@router.post("/claim")
async def claim_next(request: Request, deed: Deed) -> Response:
    """The most urgent item that this person has not seen; `item` is null where none waits."""
    desk = _desk(request)
    item = await run_in_threadpool(desk.queue.claim_next, _labeler(request, deed.labeler))
    return json_response({"item": await run_in_threadpool(_whole, desk, item) if item else None})


@router.post("/items/{item_id}/claim")
async def claim_item(request: Request, item_id: str, deed: Deed) -> Response:
    """That item."""
    desk = _desk(request)
    return await _answer(desk, await run_in_threadpool(desk.queue.claim, item_id, _labeler(request, deed.labeler)))


@router.post("/items/{item_id}/renew")
async def renew(request: Request, item_id: str, deed: Deed) -> Response:
    """Keep it for another lease."""
    desk = _desk(request)
    return await _answer(desk, await run_in_threadpool(desk.queue.renew, item_id, _labeler(request, deed.labeler)))


@router.post("/items/{item_id}/release")
async def release(request: Request, item_id: str, deed: Deed) -> Response:
    """Let others have it."""
    desk = _desk(request)
    return await _answer(desk, await run_in_threadpool(desk.queue.release, item_id, _labeler(request, deed.labeler)))


@router.post("/items/{item_id}/submit")
async def submit(request: Request, item_id: str, given: Submission) -> Response:
    """What was heard; an empty text says that nobody speaks."""
    review = Review(
        labeler=_labeler(request, given.labeler),
        at=time.time(),
        text=given.text,
        convention=given.convention,
        spent_s=given.spent_s,
    )
    return await _answer(_desk(request), await run_in_threadpool(_desk(request).submit, item_id, review))


@router.post("/items/{item_id}/skip")
async def skip(request: Request, item_id: str, deed: Deed) -> Response:
    """Somebody else should judge it."""
    return await _said(request, item_id, deed, Said.SKIP)


@router.post("/items/{item_id}/unintelligible")
async def unintelligible(request: Request, item_id: str, deed: Deed) -> Response:
    """Nobody could tell what is said."""
    return await _said(request, item_id, deed, Said.UNINTELLIGIBLE)


@router.post("/check")
async def check_text(typed: Typed) -> Response:
    """What a convention would change in a text, by which rules."""
    try:
        wanted = convention.get(typed.convention)
    except UnknownConvention as error:
        raise BadField(str(error), "convention") from None
    found = await run_in_threadpool(check, typed.text, wanted)
    return json_response({"convention": wanted.id, "text": found.text, "differences": list(found.differences)})


async def _said(request: Request, item_id: str, deed: Deed, said: Said) -> Response:
    review = Review(labeler=_labeler(request, deed.labeler), at=time.time(), said=said)
    return await _answer(_desk(request), await run_in_threadpool(_desk(request).submit, item_id, review))


async def _answer(desk: ReviewDesk, item: ReviewItem) -> Response:
    return json_response(await run_in_threadpool(_whole, desk, item))


def _labeler(request: Request, said: str | None) -> str:
    return actor(request, said, field="labeler")


def _desk(request: Request) -> ReviewDesk:
    return service_of(request).reviews


def _page(desk: ReviewDesk, state: State | None, limit: int, after: str | None) -> dict[str, object]:
    last = desk.queue.get(after) if after is not None else None
    page = desk.queue.page(state=state, limit=limit + 1, after=last)
    shown = page[:limit]
    return {
        "items": [summary_json(item) for item in shown],
        "next": shown[-1].item_id if len(page) > limit else None,
    }


def _shown(desk: ReviewDesk, item_id: str) -> dict[str, object]:
    return _whole(desk, desk.queue.get(item_id))


def _whole(desk: ReviewDesk, item: ReviewItem) -> dict[str, object]:
    return item_json(item, desk.earlier(item))
