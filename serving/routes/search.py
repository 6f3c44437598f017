"""`/v1/search` and `/v1/search/text`: a query in, results out."""

from dataclasses import asdict, replace
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitoring.voice_events import Client
from serving.automation.decide import Answerer
from serving.disconnect import while_connected
from serving.errors import BadField
from serving.keys.identity import tenant_of, variant_of
from serving.pcm import pcm_format
from serving.query import Answer, Query
from serving.routes.service import json_response, log_transcript, request_id_of, service_of
from serving.routes.transcription_body import untranscribed
from serving.search import Hit
from serving.uploads import read_form
from serving.voice_search import answer

router = APIRouter()

VARIANT_HEADER: Final = "x-voicesearch-variant"

Name = Annotated[str, Field(max_length=200)]


class ClientFields(BaseModel):
    """Who asks, and on what; all optional."""

    model_config = ConfigDict(extra="forbid")

    user_id: Name | None = None
    session_id: Name | None = None
    device_model: Name | None = None
    os: Name | None = None
    app_version: Name | None = None
    locale: Name | None = None
    tenant: Name | None = None
    consent: bool = False
    limit: Annotated[int, Field(ge=1, le=100)] | None = None

    def client(self) -> Client:
        """The same as events carry it."""
        return Client(**self.model_dump(include=set(ClientFields.model_fields) - {"limit"}))


class TextQuery(ClientFields):
    """A typed query."""

    query: Annotated[str, Field(min_length=1, max_length=1000)]


@router.post("/v1/search", openapi_extra={"requestBody": {"content": {"multipart/form-data": {}}}})
async def search(request: Request) -> Response:
    """A spoken query: multipart `file` and the fields of `ClientFields`; `encoding`, `sample_rate` for raw PCM."""
    service = service_of(request)
    form = await read_form(request)
    pcm, fields = pcm_format(form)
    asked = client_fields(fields)
    query = Query(
        request_id=request_id_of(request),
        client=client_of(request, asked),
        limit=asked.limit or service.settings.search.limit,
        data=form.data,
        pcm=pcm,
        wanted=wanted_variant(request),
    )
    found = await while_connected(request, answer(query, service.voice_search))
    log_transcript(service, found.transcript)
    request.state.timings_ms = found.timings_ms
    return json_response(answer_body(found))


@router.post("/v1/search/text")
async def search_text(request: Request, typed: TextQuery) -> Response:
    """A typed query."""
    service = service_of(request)
    query = Query(
        request_id=request_id_of(request),
        client=client_of(request, typed),
        limit=typed.limit or service.settings.search.limit,
        text=typed.query,
        wanted=wanted_variant(request),
    )
    found = await answer(query, service.voice_search)
    log_transcript(service, found.transcript)
    request.state.timings_ms = found.timings_ms
    return json_response(
        {
            "request_id": found.request_id,
            "transcript": found.transcript,
            "results": [_result(hit) for hit in found.hits],
            "timings_ms": rounded(found.timings_ms),
        }
    )


def client_of(request: Request, fields: ClientFields) -> Client:
    """Who asks; for which tenant, the key says if it is bound to one."""
    return replace(fields.client(), tenant=tenant_of(request, fields.tenant))


def wanted_variant(request: Request) -> str | None:
    """The variant of a tester's key, or whose name is sent. Raises BadField where the operator has not allowed that."""
    if variant := variant_of(request):
        return variant
    wanted = request.headers.get(VARIANT_HEADER)
    if wanted and not service_of(request).settings.rollout.header:
        raise BadField(f"{VARIANT_HEADER} is not taken here (rollout.header is off)", VARIANT_HEADER)
    return wanted or None


def client_fields(fields: dict[str, list[str]]) -> ClientFields:
    """The checked fields of a form. Raises BadField."""
    for name, values in fields.items():
        if len(values) > 1:
            raise BadField(f"{name} stands {len(values)} times in the form", name)
    try:
        return ClientFields.model_validate({name: values[0] for name, values in fields.items()})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise BadField(f"{name}: {first['msg']}", name) from None


def answer_body(found: Answer) -> dict[str, object]:
    """The JSON of a spoken query's answer."""
    return {
        "request_id": found.request_id,
        "transcript": found.transcript,
        **_heard(found),
        "results": [_result(hit) for hit in found.hits],
        "model": found.served_by.model,
        "variant": found.served_by.variant,
        "automation": found.served_by.automation,
        "answered_by": found.answered_by,
        "why": found.why,
        "degraded": found.degraded,
        "timings_ms": rounded(found.timings_ms),
    }


def _heard(found: Answer) -> dict[str, object]:
    """What is known of the sound; of a person's answer no confidence, and nothing of the words."""
    heard = found.transcription
    audio: dict[str, object] = {"audio": asdict(heard.statistics) if heard else None}
    if heard is None or found.answered_by is Answerer.PERSON:
        return audio | {"confidence": None, "no_speech": not found.transcript, "words": [], "untranscribed": []}
    return audio | {
        "confidence": round(heard.confidence, 4),
        "no_speech": heard.no_speech,
        "words": [{"word": word.text, "confidence": round(word.confidence, 4)} for word in heard.words],
        "untranscribed": [untranscribed(one) for one in heard.untranscribed],
    }


def rounded(timings_ms: dict[str, float]) -> dict[str, float]:
    """To a microsecond."""
    return {stage: round(ms, 3) for stage, ms in timings_ms.items()}


def _result(hit: Hit) -> dict[str, object]:
    item = hit.item
    return {
        "id": item.id,
        "title": item.title,
        "subtitle": item.subtitle,
        "category": item.category,
        "score": round(hit.score, 4),
    }
