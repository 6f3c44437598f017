"""`/v1/audio/transcriptions`, as OpenAI's clients speak it."""

import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response
from starlette.responses import PlainTextResponse, StreamingResponse

from asr import convention
from asr.errors import UnknownConvention
from asr.pipeline import Transcription
from asr.subtitles import srt, vtt
from monitoring.voice_events import QueryKind, SearchEvent, ServedBy
from serving import transcriber
from serving.automation.degree import Degree
from serving.disconnect import while_connected
from serving.errors import BadField, ServingError, answer_for
from serving.pcm import pcm_format
from serving.routes.models import check_model, languages_of
from serving.routes.service import Service, json_response, log_transcript, request_id_of, service_of
from serving.routes.transcription_body import json_body, text_body, verbose_body
from serving.routes.transcription_form import Format, TranscriptionForm, read_transcription_form
from serving.uploads import read_form, swallow

router = APIRouter()

MAX_KEPT_CHARS: Final = 10_000
"""Of a transcript in its event; the transcript of an hour has 50,000."""


@router.post("/v1/audio/transcriptions", openapi_extra={"requestBody": {"content": {"multipart/form-data": {}}}})
async def transcribe(request: Request) -> Response:
    """Transcribe one recording of up to `limits.max_audio_s`; OpenAI's fields, and `convention`."""
    service = service_of(request)
    try:
        service.champion.check_room()
    except ServingError as error:
        _note_failure(request, service, error)
        await swallow(request)  # the form is not worth parsing
        raise
    upload = await read_form(request)
    pcm, fields = pcm_format(upload)
    languages = languages_of(service)
    form = read_transcription_form(fields, languages)
    if form.model:
        check_model(service, form.model)
    asked = transcriber.Request(
        data=upload.data,
        convention=_convention(form, service),
        max_duration_s=service.settings.limits.max_audio_s,
        pcm=pcm,
    )
    try:
        if form.stream:
            return await _stream(request, service, asked)
        result = await while_connected(request, _transcribed(service, asked))
    except Exception as error:
        _note_failure(request, service, error)
        raise
    _note(request, service, result)
    response = _response(form, result, languages[0] if languages else "")
    response.headers.update(_facts(result))
    return response


def _facts(result: Transcription) -> dict[str, str]:
    """Headers, so that text and subtitles too say what each stage took and whether something was left out."""
    stages = ", ".join(f"{stage};dur={ms:.3f}" for stage, ms in result.timings_ms.items())
    reasons = ", ".join(dict.fromkeys(one.reason.value for one in result.untranscribed))
    return {"server-timing": stages} | ({"x-untranscribed": reasons} if reasons else {})


def _convention(form: TranscriptionForm, service: Service) -> convention.Convention:
    try:
        return convention.get(form.convention) if form.convention else service.transcription_convention
    except UnknownConvention as error:
        raise BadField(str(error), "convention") from error


def _response(form: TranscriptionForm, result: Transcription, language: str) -> Response:
    match form.format:
        case Format.TEXT:
            return PlainTextResponse(result.text + "\n")
        case Format.SRT:
            return PlainTextResponse(srt(result.segments))
        case Format.VTT:
            return PlainTextResponse(vtt(result.segments), media_type="text/vtt")
        case Format.VERBOSE_JSON:
            return json_response(verbose_body(result, language))
        case Format.JSON:
            return json_response(json_body(result))


async def _stream(request: Request, service: Service, asked: transcriber.Request) -> Response:
    """Server-sent events. What fails before the first word gets its own status, as without streaming."""
    parts = _pieces(service, asked)
    first = await while_connected(request, _first(parts))
    return StreamingResponse(_events(request, service, first, parts), media_type="text/event-stream")


async def _events(
    request: Request, service: Service, first: str | Transcription, parts: AsyncIterator[str | Transcription]
) -> AsyncIterator[bytes]:
    try:
        async for part in _chain(first, parts):
            if isinstance(part, str):
                yield _event({"type": "transcript.text.delta", "delta": part})
            else:
                _note(request, service, part)
                yield _event({"type": "transcript.text.done", **text_body(part)})
    except ServingError as error:
        _note_failure(request, service, error)
        if answer := answer_for(error):
            request.state.error_code = answer.code
            yield _event({"type": "error", "error": {"message": answer.message, "code": answer.code}})
    yield b"data: [DONE]\n\n"


async def _first(parts: AsyncIterator[str | Transcription]) -> str | Transcription:
    return await anext(parts)


async def _chain(
    first: str | Transcription, rest: AsyncIterator[str | Transcription]
) -> AsyncIterator[str | Transcription]:
    yield first
    async for part in rest:
        yield part


async def _transcribed(service: Service, asked: transcriber.Request) -> Transcription:
    with service.lineup.holding(service.champion.variant.name) as champion:
        return await champion.transcribe(asked)


async def _pieces(service: Service, asked: transcriber.Request) -> AsyncIterator[str | Transcription]:
    with service.lineup.holding(service.champion.variant.name) as champion:
        async for piece in champion.stream(asked):
            yield piece


def _served_by(service: Service) -> ServedBy:
    champion = service.champion
    return ServedBy(model=champion.model_id, variant=champion.variant.name, automation=Degree.FULL.value)


def _event(body: dict[str, object]) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"


def _note(request: Request, service: Service, result: Transcription) -> None:
    """Count and keep what happened."""
    log_transcript(service, result.text)
    request.state.timings_ms = result.timings_ms
    statistics = result.statistics
    service.telemetry.query(result.timings_ms, audio_s=statistics.duration_s, no_speech=result.no_speech)
    keeps = service.settings.privacy.store_transcripts
    event = SearchEvent(
        request_id=request_id_of(request),
        at=time.time(),
        kind=QueryKind.TRANSCRIPTION,
        served_by=_served_by(service),
        query=result.text[:MAX_KEPT_CHARS] if keeps else None,
        raw_text=result.raw_text[:MAX_KEPT_CHARS] if keeps else None,
        confidence=result.confidence,
        no_speech=result.no_speech,
        timings_ms=result.timings_ms,
        audio=asdict(statistics),
    )
    service.events.append(event.as_event(), known_new=True)


def _note_failure(request: Request, service: Service, error: Exception) -> None:
    """Keep an error that is answered; a client that left and a fault of ours are none."""
    if expected := answer_for(error):
        event = SearchEvent(
            request_id=request_id_of(request),
            at=time.time(),
            kind=QueryKind.TRANSCRIPTION,
            served_by=_served_by(service),
            error=expected.code,
        )
        service.events.append(event.as_event(), known_new=True)
