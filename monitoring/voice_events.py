"""What a voice search writes down about a query and about what the user did with the answer.

The one place that names the signals and slices of voice search; monitors see only `Event`. Whether a
transcript or the audio's place may be written down is decided before, by whoever fills these records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitoring.events import Event, SignalValue


class QueryKind(StrEnum):
    """How the query came in."""

    VOICE = "voice"
    TEXT = "text"
    TRANSCRIPTION = "transcription"


class Action(StrEnum):
    """What the user did with the answer."""

    CLICK = "click"
    PLAY = "play"
    ABANDON = "abandon"
    CORRECT = "correct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asked, and on what."""

    user_id: str | None = None
    session_id: str | None = None
    device_model: str | None = None
    os: str | None = None
    app_version: str | None = None
    locale: str | None = None
    tenant: str | None = None
    consent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedBy:
    """Which version of the service answered."""

    model: str | None = None
    variant: str | None = None
    assigned: str | None = None
    """The variant that the user's queries are meant for; another one answers where it fails or has no room."""
    automation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEvent:
    """One query and its answer."""

    request_id: str
    at: float
    """Seconds since 1970 UTC."""
    kind: QueryKind
    client: Client = field(default_factory=Client)
    served_by: ServedBy = field(default_factory=ServedBy)
    query: str | None = None
    """The transcript that was searched for; None where transcripts are not kept."""
    raw_text: str | None = None
    """The transcript before any convention; None where transcripts are not kept."""
    confidence: float | None = None
    no_speech: bool | None = None
    result_count: int | None = None
    words: int | None = None
    """Of the transcript; known where the transcript itself is not kept."""
    top_item_id: str | None = None
    error: str | None = None
    """The code of the error that was answered; None is success."""
    fallback: bool | None = None
    """The assigned variant failed and another one answered."""
    degraded: bool | None = None
    """A cheaper variant answered for want of room."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds of each stage; the stage `vad` becomes the signal `vad_ms`."""
    audio: Mapping[str, SignalValue] = field(default_factory=dict)
    """Audio statistics under their names in the answer of `/v1/search`."""
    audio_path: str | None = None
    """Where the audio is kept, if it is."""

    def as_event(self) -> Event:
        """The query as monitors see it; what is None becomes an absent slice or detail."""
        answer: dict[str, SignalValue] = {
            "confidence": self.confidence,
            "no_speech": self.no_speech,
            "result_count": self.result_count,
            "words": self.words,
        }
        stand_in = {"fallback": self.fallback, "degraded": self.degraded}
        answer |= {name: value for name, value in stand_in.items() if value is not None}
        return Event(
            event_id=self.request_id,
            request_id=self.request_id,
            at=self.at,
            kind=self.kind.value,
            user_id=self.client.user_id or None,
            session_id=self.client.session_id or None,
            outcome=self.error or "ok",
            consent=self.client.consent,
            slices=slices_of(self.client, self.served_by),
            signals={**answer, **{f"{stage}_ms": ms for stage, ms in self.timings_ms.items()}, **self.audio},
            details=_present(
                query=self.query,
                raw_text=self.raw_text,
                top_item_id=self.top_item_id,
                audio_path=self.audio_path,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEvent:
    """What the user did with the answer to a request, as the client reports it."""

    event_id: str
    """From the client, so that a report sent twice counts once; else made by the server."""
    request_id: str
    action: Action
    received_at: float
    """Seconds since 1970 UTC by the server's clock."""
    client_at: float | None = None
    """The time that the client claims."""
    item_id: str | None = None
    text: str | None = None
    """What the user typed instead, with `correct`."""

    def as_event(self) -> Event:
        """The action as monitors see it; the client's time is only a signal, since client clocks lie."""
        return Event(
            event_id=self.event_id,
            request_id=self.request_id,
            at=self.received_at,
            kind=self.action.value,
            signals={} if self.client_at is None else {"client_at_s": self.client_at},
            details=_present(item_id=self.item_id, text=self.text),
        )


def slices_of(client: Client, served_by: ServedBy) -> dict[str, str]:
    """What queries are told apart by; what is not known is absent."""
    return _present(
        device_model=client.device_model,
        os=client.os,
        app_version=client.app_version,
        locale=client.locale,
        tenant=client.tenant,
        model=served_by.model,
        variant=served_by.variant,
        assigned=served_by.assigned,
        automation=served_by.automation,
    )


def _present(**texts: str | None) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}
