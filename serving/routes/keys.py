"""`/admin/keys` and `/admin/actions`: who may use the server, and what operators did. For operators."""

import time
from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from serving.keys.actions import MAX_PAGE, ActionLog
from serving.keys.identity import ActorName, actor
from serving.keys.key import Issued, KeyRequest, check_variant
from serving.keys.store import DAY_S, KeyStore
from serving.keys.views import issued_json, key_json
from serving.routes.service import json_response, service_of

router = APIRouter(prefix="/admin")

_SHOWN_ONCE: Final = {"cache-control": "no-store"}


class WantedKey(KeyRequest):
    """A key to be made."""

    by: ActorName | None = None
    """Who makes it; needed only where keys are off."""


class Change(BaseModel):
    """What is done with a key."""

    model_config = ConfigDict(extra="forbid")

    by: ActorName | None = None
    grace_s: Annotated[float, Field(ge=0, le=90 * DAY_S, allow_inf_nan=False)] = DAY_S
    """With `rotate`: so long the old secret is taken too."""


@router.get("/keys")
async def list_keys(request: Request) -> Response:
    """All keys, without secrets; those that have ended too."""
    found = await run_in_threadpool(_keys(request).every)
    return json_response({"keys": [key_json(one.key, one.last_used_at) for one in found]})


@router.post("/keys")
async def create_key(request: Request, wanted: WantedKey) -> Response:
    """Make a key; the answer is the only place where its secret stands."""
    by, asked = actor(request, wanted.by), KeyRequest.model_validate(wanted.model_dump(exclude={"by"}))
    made = await run_in_threadpool(_create, request, asked, by)
    request.state.target = made.key.key_id
    answer = json_response(issued_json(made), 201)
    answer.headers.update(_SHOWN_ONCE)
    return answer


@router.post("/keys/{key_id}/rotate")
async def rotate_key(request: Request, key_id: str, change: Change) -> Response:
    """Give a key a new secret; the answer is the only place where it stands."""
    actor(request, change.by)
    made = await run_in_threadpool(lambda: _keys(request).rotate(key_id, now=time.time(), grace_s=change.grace_s))
    answer = json_response(issued_json(made))
    answer.headers.update(_SHOWN_ONCE)
    return answer


@router.post("/keys/{key_id}/revoke")
async def revoke_key(request: Request, key_id: str, change: Change) -> Response:
    """End a key, on every replica within seconds."""
    by = actor(request, change.by)
    ended = await run_in_threadpool(lambda: _keys(request).revoke(key_id, by=by, now=time.time()))
    return json_response(key_json(ended))


@router.get("/actions")
async def list_actions(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    by: Annotated[str | None, Query(max_length=200)] = None,
    since: Annotated[float | None, Query(allow_inf_nan=False)] = None,
) -> Response:
    """What operators did, the latest first; `next` is what `before` has to be for the next page, null on the last."""
    log = ActionLog(service_of(request).state)
    page = await run_in_threadpool(lambda: log.page(limit=limit, before=before, by=by, since=since))
    following = page[-1].number if len(page) == limit else None
    return json_response({"actions": [asdict(one) for one in page], "next": following})


def _create(request: Request, asked: KeyRequest, by: str) -> Issued:
    if asked.variant is not None:
        check_variant(asked, service_of(request).rollouts.rollouts.known())
    return _keys(request).create(asked, by=by, now=time.time())


def _keys(request: Request) -> KeyStore:
    return KeyStore(service_of(request).state)
