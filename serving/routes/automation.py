"""`/admin/automation`: how much of which traffic is left to the model, by which evidence, and what it costs."""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from serving.automation.budget import shortfall
from serving.automation.degree import Degree
from serving.automation.record import CLASS_PATTERN
from serving.automation.steps import set_by
from serving.automation.upkeep import Upkeep
from serving.automation.views import View, change_view, drawn_curve, room_view, shortfall_view, state_view
from serving.keys.identity import ActorName, actor
from serving.routes.service import json_response, service_of

router = APIRouter(prefix="/admin/automation")

Class = Annotated[str, Path(pattern=CLASS_PATTERN)]
Probability = Annotated[float, Field(gt=0, lt=1)]
Text: Final = r"^[^\x00]*$"


class Wanted(BaseModel):
    """How a class is to be answered; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    by: ActorName | None = None
    """Who wants it; needed only where keys are off."""
    note: Annotated[str, Field(max_length=2000, pattern=Text)] = ""
    degree: Degree | None = None
    target_risk: Probability | None = None
    confidence: Probability | None = None
    version: Annotated[int, Field(ge=0, le=2**31)] | None = None
    """Of the class, as it was seen; absent: whatever it is now."""


@router.get("")
async def list_classes(request: Request) -> Response:
    """All classes, `*` first, and what people can take."""
    automation = service_of(request).automation
    await run_in_threadpool(automation.degrees.refresh)
    room = automation.room
    classes = [state_view(state, room) for state in automation.degrees.all]
    return json_response({"classes": classes, "variant": automation.variant, "room": room_view(room)})


@router.get("/{traffic_class}")
async def show_class(request: Request, traffic_class: Class) -> Response:
    """One class, what its people cannot take costs, and its history."""
    return json_response(await run_in_threadpool(_whole, service_of(request).automation, traffic_class))


@router.get("/{traffic_class}/curve")
async def show_curve(request: Request, traffic_class: Class) -> Response:
    """Coverage against risk, and the thresholds that reviews allow now."""
    return json_response(await run_in_threadpool(_curve, service_of(request).automation, traffic_class))


@router.post("/{traffic_class}")
async def set_class(request: Request, traffic_class: Class, wanted: Wanted) -> Response:
    """Set at least one of degree, target and confidence; the answer is the class, with a threshold for the target."""
    by = actor(request, wanted.by)
    return json_response(await run_in_threadpool(_set, service_of(request).automation, traffic_class, wanted, by))


def _whole(automation: Upkeep, traffic_class: str) -> View:
    degrees = automation.degrees
    degrees.refresh()
    state = degrees.own(traffic_class)
    drawn, room = automation.drawn(traffic_class, time.time()), automation.room
    costs = shortfall(
        drawn.reviews,
        drawn.confidences,
        drawn.queries_a_day,
        threshold=state.threshold_of(automation.variant),
        daily_budget=room.daily_budget,
    )
    return state_view(state, room) | {
        "shortfall": shortfall_view(costs, room) if state.degree is Degree.PARTIAL else None,
        "history": [change_view(change) for change in degrees.store.history(traffic_class)],
    }


def _curve(automation: Upkeep, traffic_class: str) -> View:
    automation.degrees.refresh()
    return drawn_curve(automation.drawn(traffic_class, time.time()), automation.degrees.own(traffic_class))


def _set(automation: Upkeep, traffic_class: str, wanted: Wanted, by: str) -> View:
    degrees, now = automation.degrees, time.time()
    degrees.refresh()
    changes = wanted.model_dump(include={"note", "degree", "target_risk", "confidence"})
    degrees.store.change(
        degrees.start_of(traffic_class), lambda state: set_by(state, by=by, now=now, **changes), version=wanted.version
    )
    automation.refresh(now)
    return state_view(degrees.own(traffic_class), automation.room)
