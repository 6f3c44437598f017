"""What routes need of the running server, and how they get it."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from asr.convention import Convention
from asr.registry import Registry
from monitoring.alarms.alarms import Alarms
from monitoring.event_log import EventLog
from serving.automation.upkeep import Upkeep
from serving.heartbeat import Heartbeat
from serving.keys.key_ring import KeyRing
from serving.review.desk import ReviewDesk
from serving.rollouts.controller import Controller
from serving.settings import Settings
from serving.state.store import StateStore
from serving.telemetry import Telemetry
from serving.traffic import Traffic
from serving.variants.lineup import Lineup
from serving.variants.loaded import LoadedVariant
from serving.voice_search import VoiceSearch

if TYPE_CHECKING:
    from serving.tracing import Traces

logger = logging.getLogger("voicesearch.transcripts")


@dataclass(slots=True, kw_only=True)
class Service:
    """One running server."""

    settings: Settings
    registry: Registry
    lineup: Lineup
    traffic: Traffic
    voice_search: VoiceSearch
    events: EventLog
    telemetry: Telemetry
    transcription_convention: Convention
    alarms: Alarms
    rollouts: Controller
    automation: Upkeep
    reviews: ReviewDesk
    heartbeat: Heartbeat
    state: StateStore
    """What replicas decide together, beside the events."""
    keys: KeyRing | None = None
    """None where no keys are wanted."""
    traces: "Traces | None" = None
    ready: bool = True
    """False while the server drains."""
    pages: Path = field(default_factory=lambda: Path(__file__).parent.parent / "pages")

    @property
    def champion(self) -> LoadedVariant:
        """The variant that answers, but for what a rollout gives to another."""
        return self.voice_search.dispatcher.champion


def log_transcript(service: Service, transcript: str) -> None:
    """Write what was said to the log, where the operator asked for it."""
    if service.settings.privacy.log_transcripts:
        logger.info("transcript", extra={"transcript": transcript})


def service_of(request: Request) -> Service:
    """The server that got this request."""
    return cast(Service, request.app.state.service)


def request_id_of(request: Request) -> str:
    """The request's id, as it stands in the answer's header."""
    return cast(str, request.state.request_id)


def json_response(body: object, status: int = 200) -> Response:
    """JSON, with numbers of numpy too."""
    return Response(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")
