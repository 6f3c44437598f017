"""A second voice detector behind the request path, so that monitors can tell why speech is found elsewhere than before.

A query is offered with its sound once it has been answered. One thread of the lowest priority compares while the
server has no request at all; what cannot wait is dropped and counted. Sound stays in memory, a bounded amount of it,
and is let go of as soon as it was heard. Knows no HTTP.
"""

import logging
import os
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final

from asr.disagreement import compare
from asr.front_end import Located
from asr.statistics import extent
from asr.vad import ClippingRule, VoiceDetector, speech_spans
from monitoring.events import Event, SignalValue
from monitoring.signals.audio import SECOND_VAD_EVENT

logger = logging.getLogger(__name__)

MAX_WAITING_S: Final = 60.0
"""Seconds of sound that may wait: 4 MB."""
MAX_WAIT_S: Final = 30.0
"""After so long on a server that is never idle, sound is let go of unheard."""
LOOK_AGAIN_S: Final = 0.01
"""How often a busy server is asked whether it is idle."""
NICE: Final = 19


class Outcome(StrEnum):
    """What became of a query that was offered."""

    COMPARED = "compared"
    DROPPED = "dropped"
    """The server was too busy."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class _Offer:
    event: Event
    located: Located
    at_s: float


class SecondVad:
    """A detector, the thread in which it runs, and what waits for it."""

    def __init__(
        self,
        detector: VoiceDetector,
        rule: ClippingRule,
        *,
        take: Callable[[Event], object],
        is_idle: Callable[[], bool],
        observe: Callable[[Outcome], None] = lambda outcome: None,
        share: float = 1.0,
        max_wait_s: float = MAX_WAIT_S,
    ) -> None:
        self._detector = detector
        self._rule = rule
        self._take = take
        self._is_idle = is_idle
        self._observe = observe
        self._share = share
        self._max_wait_s = max_wait_s
        self._changed = threading.Condition()
        self._waiting: deque[_Offer] = deque()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="second-vad", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def offer(self, event: Event, located: Located) -> None:
        """Hear a query too, if it is in the share and there is room; `event` is the query's own. Never waits."""
        if random.random() >= self._share:
            return
        with self._changed:
            waiting_s = sum(one.located.audio.duration_s for one in self._waiting)
            if waiting_s + located.audio.duration_s <= MAX_WAITING_S and not self._closing:
                self._waiting.append(_Offer(event, located, time.monotonic()))
                self._changed.notify()
                return
        self._observe(Outcome.DROPPED)

    def close(self, timeout_s: float) -> None:
        """Let go of what waits, and end the thread after the recording that it hears."""
        with self._changed:
            self._closing = True
            self._waiting.clear()
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _work(self) -> None:
        _yield_to_all()
        while offer := self._next():
            try:
                self._take(second_event(offer.event, offer.located, self._detector, self._rule))
            except Exception:
                logger.exception("the second voice detector failed")
                self._observe(Outcome.FAILED)
            else:
                self._observe(Outcome.COMPARED)

    def _next(self) -> _Offer | None:
        """The oldest that waits, once the server is idle; None at the end."""
        with self._changed:
            while not self._closing:
                while self._waiting and time.monotonic() - self._waiting[0].at_s > self._max_wait_s:
                    self._waiting.popleft()
                    self._observe(Outcome.DROPPED)
                if self._waiting and self._is_idle():
                    return self._waiting.popleft()
                self._changed.wait(LOOK_AGAIN_S if self._waiting else None)
        return None


def second_event(event: Event, located: Located, detector: VoiceDetector, rule: ClippingRule) -> Event:
    """The event of what a second detector hears in a query, beside the query's own event."""
    duration_s = located.audio.duration_s
    heard = speech_spans(detector.activity(located.audio), rule)
    difference = compare(located.speech, heard, duration_s=duration_s)
    second = asdict(extent(heard, duration_s=duration_s))
    signals: dict[str, SignalValue] = {f"second_{name}": value for name, value in second.items()}
    signals["vad_disagreement"] = difference.share
    signals["vad_lead_difference_s"] = difference.lead_difference_s
    return replace(
        event, event_id=f"{event.request_id}/{SECOND_VAD_EVENT}", kind=SECOND_VAD_EVENT, signals=signals, details={}
    )


def _yield_to_all() -> None:
    """On Linux a thread has a priority of its own; elsewhere that of its process would change."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
