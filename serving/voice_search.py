"""Answers one query: sound or text in, results out, and the event written. The server's story in one place.

Stages 1 to 5 are a variant's transcriber's, 6 its search backend's, 7 the event log's. Knows no HTTP.
"""

import asyncio
import logging
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from monitoring.event_log import EventLog
from monitoring.voice_events import QueryKind, SearchEvent, ServedBy
from serving.automation.decide import Answerer
from serving.automation.degree import Degree
from serving.dispatch import Dispatcher
from serving.errors import answer_for
from serving.kept_audio import keep_audio
from serving.people import People
from serving.privacy.kept_text import kept_text
from serving.query import Answer, Query
from serving.search import Hit
from serving.second_vad import SecondVad
from serving.shadow import Shadow, Shadowed
from serving.telemetry import Telemetry
from serving.transcriber import Request
from serving.variants.loaded import LoadedVariant

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """What is kept of a query."""

    store_transcripts: bool = True
    audio_folder: Path | None = None
    """Where audio is kept that came with consent; None keeps none."""
    redact: bool = True
    """Leave addresses and numbers out of what is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSearch:
    """Everything that an answer needs."""

    dispatcher: Dispatcher
    events: EventLog
    telemetry: Telemetry
    max_query_s: float
    privacy: Privacy
    people: People
    """Who answers where the model is not to."""
    shadow: Shadow
    """What lets a candidate hear queries for nothing."""
    second_vad: SecondVad | None = None
    """What listens again, behind the answers."""


async def answer(query: Query, service: VoiceSearch) -> Answer:
    """Answer a query and write its event, an error's too; when this returns, the event is safe.

    Raises what the stages raise.
    """
    started = time.perf_counter()
    assigned = service.dispatcher.assign(query.unit, wanted=query.wanted)
    try:
        found = await _answer(query, service, assigned, started)
    except Exception as error:
        if expected := answer_for(error):
            service.events.append(_failed(query, assigned, expected.code).as_event(), known_new=True)
        raise
    event = _answered(query, service, found, await _kept_audio(query, service)).as_event()
    service.events.append(event, known_new=True)
    service.people.offer(event, found)
    if found.heard and found.transcription:
        if service.second_vad and found.heard.located:
            service.second_vad.offer(event, found.heard.located)
        service.shadow.offer(event, Shadowed(query.data, query.pcm, query.limit, found.transcription, found.hits))
        audio_s = found.transcription.statistics.duration_s
        service.telemetry.query(found.timings_ms, audio_s=audio_s, no_speech=found.transcription.no_speech)
    return found


async def _answer(query: Query, service: VoiceSearch, assigned: str, started: float) -> Answer:
    async def by_model() -> Answer:
        return await _by_model(query, service, assigned)

    champion = service.dispatcher.champion
    found = await service.people.answer(query, by_model, champion.convention.apply)
    if found.answered_by is Answerer.PERSON:
        found = replace(found, hits=_hits(found.transcript, query.limit, champion))
    total_ms = (time.perf_counter() - started) * 1e3
    served_by = replace(found.served_by, assigned=_meant_for(query, assigned))
    return replace(found, served_by=served_by, timings_ms=found.timings_ms | {"total": total_ms})


async def _by_model(query: Query, service: VoiceSearch, assigned: str) -> Answer:
    async def work(variant: LoadedVariant) -> Answer:
        return await _worked_out(query, service, variant)

    done = await service.dispatcher.run(assigned, work, insist=query.wanted is not None)
    name = done.variant.variant.name
    return replace(
        done.result,
        served_by=ServedBy(model=done.variant.model_id, variant=name, automation=Degree.FULL.value),
        fallback=done.fallback,
        degraded=done.degraded,
    )


async def _worked_out(query: Query, service: VoiceSearch, variant: LoadedVariant) -> Answer:
    """What one variant makes of a query."""
    heard, transcript = None, variant.convention.apply(query.text or "")
    timings_ms: dict[str, float] = {}
    if query.is_spoken:
        variant.check_room()
        heard = await variant.hear(
            Request(data=query.data, convention=variant.convention, max_duration_s=service.max_query_s, pcm=query.pcm)
        )
        transcript = heard.transcription.text
        timings_ms |= heard.transcription.timings_ms
    searched = time.perf_counter()
    hits = _hits(transcript, query.limit, variant)
    timings_ms["search"] = (time.perf_counter() - searched) * 1e3
    return Answer(request_id=query.request_id, transcript=transcript, hits=hits, heard=heard, timings_ms=timings_ms)


def _hits(transcript: str, limit: int, variant: LoadedVariant) -> list[Hit]:
    return variant.search.search(transcript, limit=limit) if transcript else []


async def _kept_audio(query: Query, service: VoiceSearch) -> str | None:
    """Where the recording is kept, if its speaker agreed; an answer does not fail because a disk is full."""
    folder = service.privacy.audio_folder
    if not (folder and query.client.consent and query.data):
        return None
    try:
        return str(await asyncio.to_thread(keep_audio, query.data, folder, query.request_id))
    except OSError as error:
        logger.error("the recording could not be kept: %s", error)
        return None


def _answered(query: Query, service: VoiceSearch, found: Answer, audio_path: str | None) -> SearchEvent:
    heard = found.transcription
    keeps = service.privacy.store_transcripts
    return SearchEvent(
        request_id=query.request_id,
        at=time.time(),
        kind=QueryKind.VOICE if query.is_spoken else QueryKind.TEXT,
        client=query.client,
        served_by=found.served_by,
        query=_kept_query(query, service, found) if keeps else None,
        raw_text=heard.raw_text if heard and keeps else None,
        confidence=heard.confidence if heard else None,
        no_speech=heard.no_speech if heard else None,
        result_count=len(found.hits),
        words=len(found.transcript.split()),
        top_item_id=found.hits[0].item.id if found.hits else None,
        fallback=found.fallback,
        degraded=found.degraded,
        timings_ms=found.timings_ms,
        audio=asdict(heard.statistics) if heard else {},
        audio_path=audio_path,
    )


def _kept_query(query: Query, service: VoiceSearch, found: Answer) -> str:
    if not service.privacy.redact:
        return found.transcript
    by_model = found.transcription if found.answered_by is Answerer.MODEL else None
    said = query.text or (by_model.raw_text if by_model else found.typed or found.transcript)
    return kept_text(said, found.transcript, service.dispatcher.champion.convention.apply)


def _failed(query: Query, assigned: str, code: str) -> SearchEvent:
    return SearchEvent(
        request_id=query.request_id,
        at=time.time(),
        kind=QueryKind.VOICE if query.is_spoken else QueryKind.TEXT,
        client=query.client,
        served_by=ServedBy(variant=assigned, assigned=_meant_for(query, assigned)),
        error=code,
    )


def _meant_for(query: Query, assigned: str) -> str | None:
    """The variant that the query is evidence of; a tester's wish is none of any."""
    return None if query.wanted else assigned
