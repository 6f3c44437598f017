"""`/v1/events`: what the user did with an answer."""

import time
import uuid
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from monitoring.voice_events import Action, ClientEvent
from serving.errors import BadField, NotFound
from serving.middleware import REQUEST_ID_PREFIX
from serving.routes.service import Service, json_response, service_of

router = APIRouter()

Name = Annotated[str, Field(min_length=1, max_length=200)]


class ReportedEvent(BaseModel):
    """What a client reports; of reports with the same `event_id` the first counts."""

    model_config = ConfigDict(extra="forbid")

    request_id: Name
    type: Action
    item_id: Name | None = None
    text: Annotated[str, Field(max_length=1000)] | None = None
    timestamp: Annotated[float, Field(allow_inf_nan=False)] | None = None
    event_id: Name | None = None

    def event(self) -> ClientEvent:
        """The same as the event log takes it, received now."""
        return ClientEvent(
            event_id=self.event_id or f"evt_{uuid.uuid4().hex}",
            request_id=self.request_id,
            action=self.type,
            received_at=time.time(),
            client_at=self.timestamp,
            item_id=self.item_id,
            text=self.text,
        )


@router.post("/v1/events")
async def report(request: Request, reported: ReportedEvent) -> Response:
    """Take one event; answered when it is safe. 404 for a request that this service never answered."""
    event = reported.event()
    new = await run_in_threadpool(_store, service_of(request), event)
    return json_response({"event_id": event.event_id, "duplicate": not new})


def _store(service: Service, event: ClientEvent) -> bool:
    if event.event_id.startswith(REQUEST_ID_PREFIX):
        raise BadField(f"event_id begins with {REQUEST_ID_PREFIX}, like the ids of requests", "event_id")
    if not service.events.has_request(event.request_id):
        raise NotFound(f"no request {event.request_id!r} was answered here", "request_id")
    return service.events.append(event.as_event())
