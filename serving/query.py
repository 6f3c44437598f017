"""One query and its answer, as they go through the server. Knows no stage."""

from dataclasses import dataclass, field

from asr.decode import PcmFormat
from asr.pipeline import Transcription
from monitoring.voice_events import Client, ServedBy
from serving.automation.decide import Answerer
from serving.search import Hit
from serving.transcriber import Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query as it came in: `data`, or `text` for a typed one."""

    request_id: str
    client: Client
    limit: int
    data: bytes = b""
    pcm: PcmFormat | None = None
    text: str | None = None
    wanted: str | None = None
    """The variant that a tester asks for."""

    @property
    def is_spoken(self) -> bool:
        """Is there sound?"""
        return self.text is None

    @property
    def unit(self) -> str:
        """Who is assigned to a variant: the user, else the session, else this one query."""
        return self.client.user_id or self.client.session_id or self.request_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the client gets."""

    request_id: str
    transcript: str
    hits: list[Hit]
    heard: Heard | None
    """What the model made of it; None for a typed query, and where no model ran."""
    served_by: ServedBy = field(default_factory=ServedBy)
    answered_by: Answerer = Answerer.MODEL
    typed: str | None = None
    """A person's text before the convention."""
    why: str | None = None
    """Why the model answered, or a person did, where both might have."""
    fallback: bool = False
    degraded: bool = False
    timings_ms: dict[str, float] = field(default_factory=dict)

    @property
    def transcription(self) -> Transcription | None:
        """The same without its sound."""
        return self.heard.transcription if self.heard else None
