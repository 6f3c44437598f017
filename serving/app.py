"""Puts the server together: loads what it needs, wires routes and middleware, and drains at the end.

Loading is `open_service`, its own step, so that building the app cannot fail.
"""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from asr import convention
from asr.decode import DecodeLimits
from asr.errors import AsrError
from asr.loading import Detector, load_detector, load_pipeline
from asr.pipeline import Pipeline
from asr.recognizer import Recognizer
from asr.registry import Registry, read_registry
from monitoring.alarms.alarms import Alarms
from monitoring.alarms.store import AlarmStore
from monitoring.errors import MonitoringError
from monitoring.event_log import EventLog
from monitoring.snapshots import Snapshots
from monitoring.store import EventStore
from monitoring.voice_events import ServedBy
from serving.alarm_counts import AlarmCounts
from serving.batching import Batcher, BatchLimits
from serving.catalog import load_catalog, shipped_catalog
from serving.embedded_search import EmbeddedSearch
from serving.errors import ServingError
from serving.front_end_pool import FrontEndPool
from serving.heartbeat import Heartbeat, Machine
from serving.middleware import RequestScope, on_expected, on_gone, on_http, on_invalid, on_unexpected
from serving.routes import alarms, events, health, models, pages, search, transcriptions
from serving.routes.service import Service
from serving.search import SearchBackend
from serving.second_vad import SecondVad
from serving.settings import Settings, available_cores
from serving.telemetry import Telemetry
from serving.transcriber import Patience, Transcriber
from serving.uploads import BodyLimits
from serving.voice_search import Privacy, VoiceSearch
from serving.watch_lag import WatchLag
from serving.watch_supervisor import WatchSupervisor
from serving.watching import NAME, policies_of

if TYPE_CHECKING:
    from serving.tracing import Traces

MEGABYTE: Final = 2**20
VARIANT: Final = "champion"
AUTOMATION: Final = "full"


def open_service(settings: Settings) -> Service:
    """Load model, catalogue and event store.

    Raises ValueError, LookupError or OSError in one line that says what is wrong, ModuleNotFoundError where traces are
    wanted and their library is not installed.
    """
    traces, registry, telemetry = _traces(settings), read_registry(), Telemetry()
    transcription_convention = convention.get(settings.convention.transcription)
    pipeline = _pipeline(settings, registry)
    batcher = _batcher(settings, pipeline.recognizer, telemetry)
    patience = Patience(base_s=settings.limits.deadline_s, per_audio_s=settings.limits.deadline_per_audio_s)
    transcriber = Transcriber(pipeline, batcher, FrontEndPool(available_cores()), patience)
    search = _search(settings)
    log = _event_log(settings)
    _watch(telemetry, batcher, log)
    served_by = ServedBy(model=transcriber.model_id, variant=VARIANT, automation=AUTOMATION)
    privacy = settings.privacy
    voice_search = VoiceSearch(
        transcriber=transcriber,
        search=search,
        events=log,
        telemetry=telemetry,
        convention=pipeline.convention,
        max_query_s=settings.limits.max_query_s,
        privacy=Privacy(
            store_transcripts=privacy.store_transcripts,
            audio_folder=privacy.audio_folder if privacy.keep_audio else None,
        ),
        served_by=served_by,
        second_vad=_second_vad(settings, registry, log, telemetry),
    )
    return Service(
        settings=settings,
        registry=registry,
        batcher=batcher,
        transcriber=transcriber,
        voice_search=voice_search,
        events=log,
        telemetry=telemetry,
        transcription_convention=transcription_convention,
        alarms=_alarms(settings),
        heartbeat=_heartbeat(settings, served_by, batcher.workers, log, telemetry),
        traces=traces,
    )


def _watch(telemetry: Telemetry, batcher: Batcher, log: EventLog) -> None:
    telemetry.watch("voicesearch_queue_audio_seconds", "Audio that waits", lambda: batcher.queued_audio_s)
    telemetry.watch("voicesearch_busy_workers", "Workers that recognize", lambda: batcher.busy_workers)
    telemetry.watch("voicesearch_workers", "Workers that there are", lambda: batcher.workers)
    telemetry.watch("voicesearch_pending_events", "Events on their way to the store", lambda: log.pending)
    telemetry.watch("voicesearch_event_store_up", "Whether the database takes events", lambda: log.healthy)
    telemetry.watch("voicesearch_bad_journal_lines", "Journal lines put aside as no events", lambda: log.bad_lines)
    telemetry.watch("voicesearch_nulled_signals", "Signals that were NaN or infinite", lambda: log.nulled_signals)


def _second_vad(settings: Settings, registry: Registry, log: EventLog, telemetry: Telemetry) -> SecondVad | None:
    """The detector that is not on the request path, behind it."""
    if not (share := settings.monitoring.second_vad_share):
        return None
    (other,) = set(Detector) - {settings.frontend.vad}
    return SecondVad(
        load_detector(other, registry),
        settings.frontend.front_end().clipping,
        take=partial(log.append, known_new=True),
        is_idle=lambda: not telemetry.in_flight,
        observe=telemetry.second_vad,
        share=share,
    )


def _heartbeat(settings: Settings, served_by: ServedBy, workers: int, log: EventLog, telemetry: Telemetry) -> Heartbeat:
    return Heartbeat(
        telemetry.samples,
        partial(log.append, known_new=True),
        Machine(cores=available_cores(), workers=workers),
        slices={"model": str(served_by.model), "variant": str(served_by.variant), "replica": _replica(settings)},
        interval_s=settings.monitoring.heartbeat_s,
    )


def _replica(settings: Settings) -> str:
    return settings.monitoring.replica or socket.gethostname()


def _traces(settings: Settings) -> "Traces | None":
    if not (endpoint := settings.monitoring.otlp_endpoint):
        return None
    from serving.tracing import open_traces

    return open_traces(endpoint, replica=_replica(settings))


def _pipeline(settings: Settings, registry: Registry) -> Pipeline:
    limits = DecodeLimits(
        max_bytes=round(settings.limits.max_upload_mb * MEGABYTE), max_duration_s=settings.limits.max_audio_s
    )
    return load_pipeline(
        settings.model.id,
        front_end=settings.frontend.front_end(),
        detector=settings.frontend.vad,
        convention_name=settings.convention.search,
        limits=limits,
        registry=registry,
        threads=settings.model.threads_per_worker,
    )


def _batcher(settings: Settings, recognizer: Recognizer, telemetry: Telemetry) -> Batcher:
    limits = BatchLimits(
        max_batch=settings.model.max_batch,
        max_batch_audio_s=settings.model.max_batch_audio_s,
        max_queue_audio_s=settings.limits.max_queue_audio_s,
    )
    workers = settings.model.workers or available_cores()
    return Batcher([recognizer] * workers, limits, observe=telemetry.batch)


def _search(settings: Settings) -> SearchBackend:
    """Names go the way of queries: into the convention of the answer, and on into the index's, which has no case."""
    items = load_catalog(settings.search.catalog) if settings.search.catalog else shipped_catalog()
    answer, index = convention.get(settings.convention.search), convention.SEARCH
    return EmbeddedSearch.build(items, write=lambda text: index.apply(answer.apply(text)))


def _event_log(settings: Settings) -> EventLog:
    store = settings.store
    return EventLog.open(store.url, store.journal, max_bytes=round(store.journal_max_mb * MEGABYTE), fsync=store.fsync)


def _alarms(settings: Settings) -> Alarms:
    return Alarms(AlarmStore.open(settings.store.url), policies_of(settings.monitoring))


@asynccontextmanager
async def _watched(service: Service) -> AsyncIterator[None]:
    """The events are watched by a process of their own, if that is wanted."""
    settings, telemetry = service.settings, service.telemetry
    if not settings.monitoring.watch:
        yield
        return
    store = EventStore.open(settings.store.url)
    lag = WatchLag(lambda: store.newest() - Snapshots(store, NAME).position())
    supervisor = WatchSupervisor(settings, owner=f"{_replica(settings)}/{uuid.uuid4().hex}")
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
    service.batcher.start()
    if second_vad:
        second_vad.start()
    counts = AlarmCounts(service.alarms.store.open_by_severity, service.telemetry.alarms)
    async with service.heartbeat.beating(), counts.counting(), _watched(service):
        yield
    service.ready = False
    drain_s = service.settings.server.drain_s
    await asyncio.to_thread(service.batcher.drain, drain_s)
    service.transcriber.close()
    if second_vad:
        await asyncio.to_thread(second_vad.close, drain_s)
    service.alarms.store.close()
    await asyncio.to_thread(service.events.close, drain_s)
    if service.traces:
        await asyncio.to_thread(service.traces.close)


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
    for group in (health, models, transcriptions, search, events, alarms, pages):
        app.include_router(group.router)
    limits = service.settings.limits
    app.add_middleware(
        BodyLimits,
        max_bytes=round(limits.max_upload_mb * MEGABYTE),
        max_held_bytes=round(limits.max_uploads_mb * MEGABYTE),
        timeout_s=limits.upload_timeout_s,
    )
    traces = service.traces
    app.add_middleware(RequestScope, telemetry=service.telemetry, trace=traces.finished if traces else None)
    return app
