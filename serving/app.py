"""Puts the server together: wires routes and middleware, starts what was loaded, and drains at the end.

Loading is `serving.opening.open_service`, its own step, so that building the app cannot fail.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from asr.errors import AsrError
from monitoring.errors import MonitoringError
from monitoring.snapshots import Snapshots
from monitoring.store import EventStore
from serving.alarm_counts import AlarmCounts
from serving.background import beside
from serving.errors import ServingError
from serving.keys.actions import ActionLog
from serving.keys.auditing import Auditing
from serving.keys.authentication import Authentication
from serving.middleware import RequestScope, on_expected, on_gone, on_http, on_invalid, on_unexpected
from serving.opening import replica_of
from serving.privacy.upkeep import PrivacyUpkeep
from serving.routes import (
    alarms,
    automation,
    events,
    health,
    keys,
    models,
    pages,
    privacy,
    review,
    rollouts,
    search,
    transcriptions,
)
from serving.routes.service import Service
from serving.uploads import BodyLimits
from serving.watch_lag import WatchLag
from serving.watch_supervisor import WatchSupervisor
from serving.watching import NAME

MEGABYTE: Final = 2**20


@asynccontextmanager
async def _watched(service: Service) -> AsyncIterator[None]:
    """The events are watched by a process of their own, if that is wanted."""
    settings, telemetry = service.settings, service.telemetry
    if not settings.monitoring.watch:
        yield
        return
    store = EventStore.open(settings.store.url)
    lag = WatchLag(lambda: store.newest() - Snapshots(store, NAME).position())
    supervisor = WatchSupervisor(settings, owner=f"{replica_of(settings)}/{uuid.uuid4().hex}")
    telemetry.watch(
        "voicesearch_watch_up", "Whether the process that watches runs and gets on", lambda: supervisor.is_up
    )
    telemetry.watch("voicesearch_watch_starts", "How often it was started", lambda: supervisor.starts)
    telemetry.watch("voicesearch_watch_lag_events", "Stored events not in its snapshot", lambda: lag.events)
    try:
        async with supervisor.watching(), lag.measuring():
            yield
    finally:
        store.close()


@asynccontextmanager
async def _running(service: Service) -> AsyncIterator[None]:
    """All that runs beside the requests; at the end what was taken is finished, the event log last."""
    second_vad = service.voice_search.second_vad
    service.champion.start()
    if second_vad:
        second_vad.start()
    async with AsyncExitStack() as stack:
        for work in _beside(service):
            await stack.enter_async_context(work)
        await service.rollouts.catch_up()
        await stack.enter_async_context(service.rollouts.running())
        yield
    service.ready = False
    drain_s = service.settings.server.drain_s
    await service.lineup.close(drain_s)
    if second_vad:
        await asyncio.to_thread(second_vad.close, drain_s)
    service.alarms.store.close()
    service.state.close()
    await asyncio.to_thread(service.events.close, drain_s)
    if service.traces:
        await asyncio.to_thread(service.traces.close)


def _beside(service: Service) -> Iterator[AbstractAsyncContextManager[None]]:
    """What goes on beside the requests."""
    if service.keys:
        yield service.keys.watched()
    yield service.heartbeat.beating()
    yield AlarmCounts(service.alarms.store.open_by_severity, service.telemetry.alarms).counting()
    yield _watched(service)
    yield service.automation.running()
    yield PrivacyUpkeep(service.settings, owner=f"{replica_of(service.settings)}/{uuid.uuid4().hex}").running()
    yield beside(service.reviews.tend())
    yield beside(service.voice_search.people.offering())
    yield beside(service.voice_search.shadow.listening())


def create_app(service: Service) -> FastAPI:
    """The ASGI app of a loaded service; it starts the workers, and drains them and the event log at the end."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running(service):
            yield

    app = FastAPI(title="voicesearch", lifespan=lifespan, docs_url=None, redoc_url=None)
    for kind in (ServingError, AsrError, MonitoringError):
        app.add_exception_handler(kind, on_expected)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(ClientDisconnect, on_gone)
    app.add_exception_handler(Exception, on_unexpected)
    app.state.service = service
    for group in (
        health,
        models,
        transcriptions,
        search,
        events,
        alarms,
        automation,
        keys,
        rollouts,
        review,
        privacy,
        pages,
    ):
        app.include_router(group.router)
    limits = service.settings.limits
    if service.keys:
        app.add_middleware(Authentication, ring=service.keys)
    app.add_middleware(Auditing, log=ActionLog(service.state))
    app.add_middleware(
        BodyLimits,
        max_bytes=round(limits.max_upload_mb * MEGABYTE),
        max_held_bytes=round(limits.max_uploads_mb * MEGABYTE),
        timeout_s=limits.upload_timeout_s,
    )
    traces = service.traces
    app.add_middleware(RequestScope, telemetry=service.telemetry, trace=traces.finished if traces else None)
    return app
