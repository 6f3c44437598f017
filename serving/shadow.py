"""Lets a candidate hear queries that the champion has answered; what it makes of them is used for nothing.

Behind the answers and behind everything else: one query at a time, only while the server has no request at all, by a
candidate whose engine runs in a process of lower priority. What cannot wait is dropped and counted, so users never
wait for it. What differs becomes an event beside the query's own. Knows no HTTP.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Final

from rapidfuzz.distance import Levenshtein

from asr import convention
from asr.decode import PcmFormat
from asr.pipeline import Transcription
from monitoring.events import Event, SignalValue
from monitoring.signals.transcript import SHADOW_EVENT
from serving.dispatch import Dispatcher
from serving.search import Hit
from serving.traffic import is_shadowed
from serving.transcriber import Request
from serving.variants.loaded import LoadedVariant

logger = logging.getLogger(__name__)

MAX_WAITING_BYTES: Final = 16 * 2**20
"""Of recordings that wait."""
MAX_WAIT_S: Final = 30.0
"""After so long on a server that is never idle, a recording is let go of unheard."""
LOOK_AGAIN_S: Final = 0.01
"""How often a busy server is asked whether it is idle."""


class Outcome(StrEnum):
    """What became of a query that was offered."""

    COMPARED = "compared"
    DROPPED = "dropped"
    """The server was too busy."""
    FAILED = "failed"
    """The candidate gave no answer."""


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A query that was answered, and what the answer was."""

    data: bytes
    """The recording as it came."""
    pcm: PcmFormat | None
    """Of samples without a header; None: `data` says itself what it is."""
    limit: int
    """Hits at most."""
    transcription: Transcription
    hits: list[Hit]


@dataclass(frozen=True, slots=True)
class _Offer:
    event: Event
    query: Shadowed
    candidate: str
    at_s: float


class Shadow:
    """What waits for the candidate, and the task that lets it hear."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        take: Callable[[Event, Event], object],
        is_idle: Callable[[], bool],
        max_query_s: float,
        keeps_text: bool,
        observe: Callable[[Outcome], None] = lambda outcome: None,
        max_wait_s: float = MAX_WAIT_S,
    ) -> None:
        """`take` is given each query's own event and that of the candidate."""
        self._dispatcher = dispatcher
        self._take = take
        self._is_idle = is_idle
        self._max_query_s = max_query_s
        self._keeps_text = keeps_text
        self._observe = observe
        self._max_wait_s = max_wait_s
        self._waiting: deque[_Offer] = deque()
        self._waiting_bytes = 0
        self._offered = asyncio.Event()

    def offer(self, event: Event, query: Shadowed) -> None:
        """Let the candidate hear it too, if it is in its share; `event` is the query's own. Never waits."""
        routing = self._dispatcher.traffic.routing
        candidate = routing.candidate
        if candidate is None or event.slices.get("variant") != routing.champion:
            return
        if not is_shadowed(routing, event.request_id):
            return
        if self._waiting_bytes + len(query.data) > MAX_WAITING_BYTES:
            self._observe(Outcome.DROPPED)
            return
        self._waiting_bytes += len(query.data)
        self._waiting.append(_Offer(event, query, candidate, time.monotonic()))
        self._offered.set()

    async def listening(self) -> None:
        """Compare what is offered, for as long as the server runs."""
        while True:
            offer = await self._next()
            try:
                event = await self._compared(offer)
            except Exception as error:  # a candidate may fail in any way; that is what is asked
                logger.info("%s failed in shadow: %r", offer.candidate, error)
                event = failed_event(offer.event, offer.candidate)
            if event is None:
                continue
            self._observe(Outcome.FAILED if event.signals["shadow_failed"] else Outcome.COMPARED)
            self._take(offer.event, event)

    async def _next(self) -> _Offer:
        """The oldest that waits, once the server is idle."""
        while True:
            while self._waiting and time.monotonic() - self._waiting[0].at_s > self._max_wait_s:
                self._waiting_bytes -= len(self._waiting.popleft().query.data)
                self._observe(Outcome.DROPPED)
            if not self._waiting:
                self._offered.clear()
                await self._offered.wait()
            elif self._is_idle():
                offer = self._waiting.popleft()
                self._waiting_bytes -= len(offer.query.data)
                return offer
            else:
                await asyncio.sleep(LOOK_AGAIN_S)

    async def _compared(self, offer: _Offer) -> Event | None:
        """None where the candidate is gone by now."""
        if offer.candidate not in self._dispatcher.lineup.names:
            return None
        started = time.perf_counter()
        with self._dispatcher.lineup.holding(offer.candidate) as variant:
            transcription, hits = await self._heard(offer.query, variant)
        took_ms = (time.perf_counter() - started) * 1e3
        compare = partial(compared_event, offer.event, offer.query, offer.candidate, transcription, hits)
        event = await asyncio.to_thread(compare, shadow_ms=took_ms)  # its first call imports what takes a while
        return event if self._keeps_text else replace(event, details={})

    async def _heard(self, query: Shadowed, variant: LoadedVariant) -> tuple[Transcription, list[Hit]]:
        request = Request(
            data=query.data, convention=variant.convention, max_duration_s=self._max_query_s, pcm=query.pcm
        )
        async with asyncio.timeout(variant.variant.timeout_s):
            heard = await variant.transcribe(request)
        return heard, variant.search.search(heard.text, limit=query.limit) if heard.text else []


def compared_event(
    event: Event,
    query: Shadowed,
    candidate: str,
    transcription: Transcription,
    hits: list[Hit],
    *,
    shadow_ms: float,
) -> Event:
    """The event of what a candidate makes of a query, beside the query's own `event`.

    `wer_between` counts the champion's words as those that were said; None where it heard none.
    """
    champion = query.transcription
    signals: dict[str, SignalValue] = {
        "wer_between": _wer(champion.raw_text, transcription.raw_text),
        "null_champion": not champion.text,
        "null_candidate": not transcription.text,
        "confidence_champion": champion.confidence,
        "confidence_candidate": transcription.confidence,
        "top_differs": _top(query.hits) != _top(hits),
        "shadow_ms": shadow_ms,
        "shadow_failed": False,
    }
    details = {"text_champion": champion.text, "text_candidate": transcription.text}
    return _beside(event, candidate, signals, details)


def failed_event(event: Event, candidate: str) -> Event:
    """The event of a query that the candidate could not answer."""
    return _beside(event, candidate, {"shadow_failed": True}, {})


def _beside(event: Event, candidate: str, signals: dict[str, SignalValue], details: dict[str, str]) -> Event:
    return replace(
        event,
        event_id=f"{event.request_id}/{SHADOW_EVENT}/{candidate}",
        kind=SHADOW_EVENT,
        slices={**event.slices, "candidate": candidate},
        signals=signals,
        details=details,
    )


def _wer(said: str, heard: str) -> float | None:
    """Word error rate under the convention for scoring; None where nothing was said."""
    words, others = (convention.SCORING.apply(text).split() for text in (said, heard))
    return Levenshtein.distance(words, others) / len(words) if words else None


def _top(hits: list[Hit]) -> str | None:
    return hits[0].item.id if hits else None
