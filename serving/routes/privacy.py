"""`/admin/privacy`: how long data is kept, purges, and the deletion of users. For operators.

A user is named in the body of a request only, never in a path, which logs and traces repeat.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from serving.keys.identity import ActorName, actor
from serving.privacy.deletions import MAX_PAGE, MAX_USER_CHARS, Deletions
from serving.privacy.erase_user import delete_user
from serving.privacy.holdings import open_holdings
from serving.privacy.retention import purges
from serving.privacy.upkeep import tend
from serving.privacy.views import deletion_json, retention_json
from serving.routes.service import Service, json_response, service_of

router = APIRouter(prefix="/admin/privacy")

FLUSH_S: Final = 5.0
"""What this server has taken and not stored yet gets so long to arrive, so that the first pass finds it."""


class Deed(BaseModel):
    """Who does it."""

    model_config = ConfigDict(extra="forbid")

    by: ActorName | None = None
    """Needed only where keys are off."""


class Forgetting(Deed):
    """Who is to be forgotten."""

    user_id: Annotated[str, Field(min_length=1, max_length=MAX_USER_CHARS, pattern=r"^[^\x00]+$")]


@router.get("")
async def show_retention(request: Request) -> Response:
    """How long each kind is kept, and what its last purge did."""
    return json_response(await run_in_threadpool(_retention, service_of(request)))


@router.post("/purge")
async def purge_now(request: Request, deed: Deed) -> Response:
    """Delete now what is too old, and go through the deletions that are looked after."""
    actor(request, deed.by)
    return json_response(await run_in_threadpool(_purge, service_of(request)))


@router.get("/deletions")
async def list_deletions(request: Request, limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50) -> Response:
    """Deletions, the latest first; of whom, they do not say."""
    deletions = Deletions(service_of(request).state)
    page = await run_in_threadpool(lambda: deletions.page(limit=limit))
    return json_response({"deletions": [deletion_json(one) for one in page]})


@router.post("/deletions")
async def forget_user(request: Request, asked: Forgetting) -> Response:
    """Delete a user; the answer says what is gone after the first pass. Asked again it goes on."""
    by, service = actor(request, asked.by), service_of(request)
    body = await run_in_threadpool(_forget, service, asked.user_id, by)
    request.state.target = body["id"]
    return json_response(body)


@router.get("/deletions/{deletion_id}")
async def show_deletion(request: Request, deletion_id: str) -> Response:
    """One deletion."""
    deletions = Deletions(service_of(request).state)
    return json_response(deletion_json(await run_in_threadpool(deletions.get, deletion_id)))


def _retention(service: Service) -> dict[str, object]:
    with open_holdings(service.settings) as holdings:
        return {"retention": retention_json(service.settings.privacy, purges(holdings))}


def _purge(service: Service) -> dict[str, object]:
    with open_holdings(service.settings) as holdings:
        done = tend(holdings)
    return {"removed": {one.kind: one.removed for one in done.purged}, "deletions": done.passes}


def _forget(service: Service, user_id: str, by: str) -> dict[str, object]:
    service.events.flush(FLUSH_S)
    with open_holdings(service.settings) as holdings:
        return deletion_json(delete_user(holdings, user_id, by=by))
