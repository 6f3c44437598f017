"""`/admin/alarms`: what is wrong now, what was, and what people did about it. For operators, not for clients."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from monitoring.alarms.actions import Action
from monitoring.alarms.alarm import Alarm, Entry, State
from monitoring.alarms.alarms import Alarms
from monitoring.alarms.payloads import alarm_json
from monitoring.alarms.store import MAX_PAGE
from serving.keys.identity import ActorName, actor
from serving.routes.service import json_response, service_of

router = APIRouter(prefix="/admin/alarms")


class Deed(BaseModel):
    """Who does something with an alarm, and why."""

    model_config = ConfigDict(extra="forbid")

    by: ActorName | None = None
    """Needed only where keys are off; else it is the key's name."""
    note: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    until: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """With `silence`: when it ends, seconds since 1970 UTC."""


@router.get("")
async def list_alarms(
    request: Request,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Alarms, the latest first; `next` is what `after` has to be for the next page, null on the last."""
    alarms = service_of(request).alarms
    return json_response(await run_in_threadpool(_page, alarms, state, limit, after))


@router.get("/{alarm_id}")
async def show_alarm(request: Request, alarm_id: str) -> Response:
    """One alarm with its findings, examples and history."""
    alarms = service_of(request).alarms
    return json_response(await run_in_threadpool(_whole, alarms, alarm_id))


@router.post("/{alarm_id}/{action}")
async def act_on_alarm(request: Request, alarm_id: str, action: Action, deed: Deed) -> Response:
    """Acknowledge, silence, resolve, confirm or dismiss; the answer is the alarm afterwards."""
    alarms, by = service_of(request).alarms, actor(request, deed.by)
    return json_response(await run_in_threadpool(_act, alarms, alarm_id, action, deed, by))


def _page(alarms: Alarms, state: State | None, limit: int, after: str | None) -> dict[str, object]:
    last = alarms.store.get(after) if after is not None else None
    page = alarms.store.page(state=state, limit=limit + 1, after=last)
    shown = page[:limit]
    return {
        "alarms": [_json(alarms, alarm) for alarm in shown],
        "next": shown[-1].alarm_id if len(page) > limit else None,
    }


def _whole(alarms: Alarms, alarm_id: str) -> dict[str, object]:
    alarm, history = alarms.store.get(alarm_id), alarms.store.history(alarm_id)
    return _json(alarms, alarm) | {"history": [_entry(entry) for entry in history]}


def _act(alarms: Alarms, alarm_id: str, action: Action, deed: Deed, by: str) -> dict[str, object]:
    alarm = alarms.act(alarm_id, action, by=by, now=time.time(), note=deed.note, until=deed.until)
    return _json(alarms, alarm)


def _json(alarms: Alarms, alarm: Alarm) -> dict[str, object]:
    return alarm_json(alarm, runbook_link=alarms.policies.runbook_link(alarm.policy))


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "at": entry.at,
        "action": entry.action,
        "by": entry.by,
        "note": entry.note,
        "until": entry.until,
    }
