"""Answers one query: sound or text in, results out, and the event written. The server's story in one place.

Stages 1 to 5 are the transcriber's, 6 the search backend's, 7 the event log's. Knows no HTTP.
"""

import asyncio
import logging
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from asr.convention import Convention
from asr.decode import PcmFormat
from asr.pipeline import Transcription
from monitoring.event_log import EventLog
from monitoring.voice_events import Client, QueryKind, SearchEvent, ServedBy
from serving.errors import answer_for
from serving.kept_audio import keep_audio
from serving.search import Hit, SearchBackend
from serving.second_vad import SecondVad
from serving.telemetry import Telemetry
from serving.transcriber import Heard, Request, Transcriber

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """What is kept of a query."""

    store_transcripts: bool = True
    audio_folder: Path | None = None
    """Where audio is kept that came with consent; None keeps none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSearch:
    """Everything that an answer needs."""

    transcriber: Transcriber
    search: SearchBackend
    events: EventLog
    telemetry: Telemetry
    convention: Convention
    max_query_s: float
    privacy: Privacy
    served_by: ServedBy
    second_vad: SecondVad | None = None
    """What listens again, behind the answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query as it came in: `data`, or `text` for a typed one."""

    request_id: str
    client: Client
    limit: int
    data: bytes = b""
    pcm: PcmFormat | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the client gets."""

    request_id: str
    transcript: str
    hits: list[Hit]
    heard: Heard | None
    """None for a typed query."""
    timings_ms: dict[str, float] = field(default_factory=dict)

    @property
    def transcription(self) -> Transcription | None:
        """None for a typed query."""
        return self.heard.transcription if self.heard else None


async def answer(query: Query, service: VoiceSearch) -> Answer:
    """Answer a query and write its event, an error's too; when this returns, the event is safe.

    Raises what the stages raise.
    """
    started = time.perf_counter()
    try:
        found = await _answer(query, service, started)
    except Exception as error:
        if expected := answer_for(error):
            service.events.append(_failed(query, service, expected.code).as_event(), known_new=True)
        raise
    event = _answered(query, service, found, await _kept_audio(query, service)).as_event()
    service.events.append(event, known_new=True)
    if service.second_vad and found.heard and found.heard.located:
        service.second_vad.offer(event, found.heard.located)
    if found.transcription:
        audio_s = found.transcription.statistics.duration_s
        service.telemetry.query(found.timings_ms, audio_s=audio_s, no_speech=found.transcription.no_speech)
    return found


async def _answer(query: Query, service: VoiceSearch, started: float) -> Answer:
    heard, transcript = None, service.convention.apply(query.text or "")
    timings_ms: dict[str, float] = {}
    if query.text is None:
        service.transcriber.check_room()
        heard = await service.transcriber.hear(
            Request(data=query.data, convention=service.convention, max_duration_s=service.max_query_s, pcm=query.pcm)
        )
        transcript = heard.transcription.text
        timings_ms |= heard.transcription.timings_ms
    searched = time.perf_counter()
    hits = service.search.search(transcript, limit=query.limit) if transcript else []
    ended = time.perf_counter()
    timings_ms |= {"search": (ended - searched) * 1e3, "total": (ended - started) * 1e3}
    return Answer(
        request_id=query.request_id,
        transcript=transcript,
        hits=hits,
        heard=heard,
        timings_ms=timings_ms,
    )


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
        kind=QueryKind.TEXT if heard is None else QueryKind.VOICE,
        client=query.client,
        served_by=service.served_by,
        query=found.transcript if keeps else None,
        raw_text=heard.raw_text if heard and keeps else None,
        confidence=heard.confidence if heard else None,
        no_speech=heard.no_speech if heard else None,
        result_count=len(found.hits),
        words=len(found.transcript.split()),
        top_item_id=found.hits[0].item.id if found.hits else None,
        timings_ms=found.timings_ms,
        audio=asdict(heard.statistics) if heard else {},
        audio_path=audio_path,
    )


def _failed(query: Query, service: VoiceSearch, code: str) -> SearchEvent:
    return SearchEvent(
        request_id=query.request_id,
        at=time.time(),
        kind=QueryKind.VOICE if query.text is None else QueryKind.TEXT,
        client=query.client,
        served_by=service.served_by,
        error=code,
    )
