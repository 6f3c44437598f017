"""What a loaded variant listens with, be it here or an older system elsewhere. Knows neither."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from asr.pipeline import Transcription
from serving.transcriber import Heard, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How full a listener is."""

    waiting_audio_s: float
    """Seconds of audio that wait."""
    busy: int
    """Workers that have something to do."""
    workers: int
    wait_s: float
    """Predicted time until a worker is free for what comes now."""


class Listener(Protocol):
    """Recordings in, transcriptions out; its calls belong to one event loop."""

    @property
    def model_id(self) -> str:
        """Whose words these are."""

    @property
    def queue(self) -> Queue:
        """How full it is."""

    def start(self) -> None:
        """Begin to take recordings."""

    def check_room(self) -> None:
        """Raise Overloaded, Draining or RecognizerFailed at once where a short query would get no answer."""

    async def hear(self, request: Request) -> Heard:
        """What one recording says. Raises what decoding raises, Overloaded, Draining or RecognizerFailed."""

    def stream(self, request: Request) -> AsyncIterator[str | Transcription]:
        """The text piece by piece, at the end the whole. Raises what `hear` raises."""

    def prioritise(self, niceness: int) -> None:
        """From now on run with that niceness, 0 the most important and 19 the least; waits until it does."""

    async def close(self, drain_s: float) -> None:
        """Take nothing more, finish what was taken if that ends in time, and let go of everything."""
