"""`/admin/rollouts`: who answers whom, what is tried, and what people do about it. For operators, not for clients."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from serving.errors import BadField
from serving.keys.identity import ActorName, actor
from serving.rollouts.controller import Controller
from serving.rollouts.record import Rollout
from serving.rollouts.rollouts import Rollouts
from serving.rollouts.stages import Strategy
from serving.rollouts.steps import Action
from serving.rollouts.store import MAX_PAGE
from serving.rollouts.views import View, assessment_view, champion_view, entry_view, rollout_view
from serving.routes.service import json_response, service_of
from serving.variants.variant import Variant

router = APIRouter(prefix="/admin/rollouts")


class Signed(BaseModel):
    """Who does something, and why."""

    model_config = ConfigDict(extra="forbid")

    by: ActorName | None = None
    """Needed only where keys are off; else it is the key's name."""
    note: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] = ""


class Deed(Signed):
    """Who does something with a rollout, why, and which version of it they saw."""

    version: Annotated[int, Field(ge=1, le=2**31)] | None = None
    """Absent: whatever it is now."""


class Start(Signed):
    """What is to be tried, and how."""

    variant: Annotated[str, Field(max_length=200)] | dict[str, JsonValue]
    """The name of a known one, or a new one."""
    strategy: Strategy = Strategy.CANARY
    policy: dict[str, JsonValue] = Field(default_factory=dict)
    """What this rollout has over the configured policy."""


@router.get("")
async def list_rollouts(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Who answers, and rollouts, the latest first; `next` is what `after` has to be for the next page."""
    controller = service_of(request).rollouts
    page = await run_in_threadpool(_page, controller.rollouts, limit, after)
    return json_response(page | {"here": _here(controller)})


@router.post("")
async def start_rollout(request: Request, start: Start) -> Response:
    """Load a variant and begin; the answer is the rollout."""
    controller = service_of(request).rollouts
    rollout = await controller.start(
        _variant(start.variant), start.strategy, start.policy, by=actor(request, start.by), note=start.note
    )
    return json_response(rollout_view(rollout, time.time()), 201)


@router.get("/{rollout_id}")
async def show_rollout(request: Request, rollout_id: str) -> Response:
    """One rollout with its policy, its history and what is thought of it."""
    controller = service_of(request).rollouts
    return json_response(await run_in_threadpool(_whole, controller.rollouts, rollout_id))


@router.post("/{rollout_id}/{action}")
async def act_on_rollout(request: Request, rollout_id: str, action: Action, deed: Deed) -> Response:
    """Advance, pause, resume, promote, roll back or end; the answer is the rollout afterwards."""
    controller = service_of(request).rollouts
    rollout = await controller.act(rollout_id, action, by=actor(request, deed.by), note=deed.note, seen=deed.version)
    return json_response(rollout_view(rollout, time.time()))


def _variant(asked: str | dict[str, JsonValue]) -> str | Variant:
    if isinstance(asked, str):
        return asked
    try:
        return Variant.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(("variant", *map(str, first["loc"])))
        raise BadField(f"{where}: {first['msg']}", where) from None


def _page(rollouts: Rollouts, limit: int, after: str | None) -> View:
    last = rollouts.store.get(after) if after is not None else None
    page = rollouts.store.page(limit=limit + 1, after=last)
    standing, now = rollouts.store.standing(), time.time()
    return {
        "champion": champion_view(standing.champion),
        "open": standing.open_rollout.rollout_id if standing.open_rollout else None,
        "variants": list(rollouts.known()),
        "rollouts": [rollout_view(rollout, now) for rollout in page[:limit]],
        "next": page[limit - 1].rollout_id if len(page) > limit else None,
    }


def _here(controller: Controller) -> View:
    """How it is on this replica."""
    routing, held = controller.follower.routing, controller.watch.held
    return {
        "champion": routing.champion,
        "candidate": routing.candidate,
        "share": routing.share,
        "shadow_share": routing.shadow_share,
        "loaded": list(controller.lineup.names),
        "problems": dict(controller.follower.problems),
        "held": held.text if held else None,
    }


def _whole(rollouts: Rollouts, rollout_id: str) -> View:
    rollout: Rollout = rollouts.store.get(rollout_id)
    return rollout_view(rollout, time.time()) | {
        "variant": rollouts.known()[rollout.candidate].model_dump(mode="json"),
        "policy": rollout.policy.model_dump(mode="json"),
        "assessment": assessment_view(rollouts.store.assessment(rollout_id)),
        "history": [entry_view(entry) for entry in rollouts.store.history(rollout_id)],
    }
