"""Many requests, few workers: who is recognized when, with whom, and who is turned away at once.

A worker that is free takes what waits, at once: under light load a query never waits for others, under heavy load
batches form by themselves while the workers are busy. The most urgent goes first; its batch is filled up with the
next urgent, up to a number of clips and seconds. A long recording comes in pieces whose deadline is far, so it
yields to short queries. A job is taken only if it can be done by its deadline; otherwise its sender hears so
before anything was computed. Knows no HTTP and no model, only the `Recognizer` protocol.
"""

import asyncio
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from asr.audio import Audio
from asr.errors import RecognitionCancelled
from asr.recognizer import Hypothesis, Recognizer
from serving.errors import Draining, Overloaded, ServingError
from serving.service_time import ServiceTime

logger = logging.getLogger(__name__)

Clock = Callable[[], float]

NOBODY_WAITS: Final = "nobody waits for the answer any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """How much is taken in, and how much at once."""

    max_batch: int = 8
    max_batch_audio_s: float = 40.0
    """A batch holds at least one clip, however long."""
    max_queue_audio_s: float = 60.0
    """Seconds of audio that may wait."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """A hypothesis and what it took to get it."""

    hypothesis: Hypothesis
    queue_s: float
    """From submission to the batch's start."""
    recognize_s: float
    """The batch's time in the engine."""
    batch_size: int


@dataclass(slots=True, eq=False)
class Expected:
    """Audio that will come, and by when it must be done."""

    deadline: float
    audio_s: float
    """Falls as the audio comes."""


@dataclass(order=True, slots=True)
class _Job:
    deadline: float
    order: int
    audio: Audio = field(compare=False)
    submitted: float = field(compare=False)
    answer: "asyncio.Future[Recognized]" = field(compare=False)
    loop: asyncio.AbstractEventLoop = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


class Batcher:
    """Recognizers, one to a worker thread, behind one queue."""

    def __init__(
        self,
        recognizers: Sequence[Recognizer],
        limits: BatchLimits = BatchLimits(),
        *,
        observe: Callable[[int], None] = lambda size: None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._recognizers = recognizers
        self._limits = limits
        self._observe = observe
        self._clock = clock
        self._service_time = ServiceTime()
        self._changed = threading.Condition()
        self._waiting: list[_Job] = []
        self._running: dict[int, tuple[float, float]] = {}
        """Worker number to the start of its batch and the seconds of audio in it."""
        self._expected: list[Expected] = []
        self._order = itertools.count()
        self._draining = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the workers."""
        for number, recognizer in enumerate(self._recognizers):
            thread = threading.Thread(
                target=self._work, args=(number, recognizer), name=f"recognizer-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    async def recognize(self, audio: Audio, *, deadline: float, promised: bool = False) -> Recognized:
        """Recognize one sound by `deadline`, a time of the clock.

        A sound that was `promised` its time, by `check_room`, is not turned away now that work was done for it.
        Cancelling the call takes the job out of the queue, or stops it between two decoding steps.
        Raises Overloaded or Draining at once, before anything is computed.
        """
        job = self._enter(audio, deadline, promised)
        try:
            return await job.answer
        except asyncio.CancelledError:
            job.cancelled = True
            raise

    def check_room(self, *, audio_s: float, deadline: float, at_once_s: float | None = None, in_s: float = 0.0) -> None:
        """Would that much audio be done in time, after all that is more urgent, waiting or expected?

        It comes `in_s` from now; `at_once_s` of it wait together, if it comes in pieces. Raises Overloaded, Draining.
        """
        with self._changed:
            self._check_bound(audio_s if at_once_s is None else at_once_s)
            self._check_time(audio_s, deadline, self._expected, in_s)

    @contextmanager
    def expecting(self, audio_s: float, *, deadline: float) -> Iterator[Expected]:
        """Count sound that is still being prepared as waiting: it has been promised its time."""
        expected = Expected(deadline, audio_s)
        with self._changed:
            self._expected.append(expected)
        try:
            yield expected
        finally:
            with self._changed:
                self._expected.remove(expected)

    @property
    def queued_audio_s(self) -> float:
        """Seconds of audio that wait."""
        with self._changed:
            return sum(job.audio.duration_s for job in self._waiting if not job.cancelled)

    @property
    def wait_s(self) -> float:
        """Predicted time until a worker is free for what comes now."""
        with self._changed:
            return self._wait_s(self.queued_audio_s)

    @property
    def workers(self) -> int:
        """Workers that there are."""
        return len(self._recognizers)

    @property
    def busy_workers(self) -> int:
        """Workers that have a batch."""
        return len(self._running)

    def drain(self, timeout_s: float) -> bool:
        """Take nothing more, finish what was taken; False if that did not end in time."""
        with self._changed:
            self._draining = True
            self._changed.notify_all()
        end = self._clock() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, end - self._clock()))
        return not any(thread.is_alive() for thread in self._threads)

    def _enter(self, audio: Audio, deadline: float, promised: bool) -> _Job:
        loop = asyncio.get_running_loop()
        with self._changed:
            self._check_bound(audio.duration_s)
            if not promised:
                self._check_time(audio.duration_s, deadline, ())
            job = _Job(deadline, next(self._order), audio, self._clock(), loop.create_future(), loop)
            heapq.heappush(self._waiting, job)
            self._changed.notify()
        return job

    def _check_bound(self, audio_s: float) -> None:
        if self._draining:
            raise Draining("the server is shutting down")
        waiting_s = sum(job.audio.duration_s for job in self._waiting if not job.cancelled)
        if waiting_s and waiting_s + audio_s > self._limits.max_queue_audio_s:
            raise Overloaded("too much audio is waiting", self._service_time.predict_s(waiting_s))

    def _check_time(self, audio_s: float, deadline: float, expected: Sequence[Expected], in_s: float = 0.0) -> None:
        alive = [job for job in self._waiting if not job.cancelled]
        ahead_s = sum(job.audio.duration_s for job in alive if job.deadline <= deadline)
        ahead_s += sum(one.audio_s for one in expected if one.deadline <= deadline)
        ready_s = in_s + self._wait_s(ahead_s) + self._service_time.predict_s(audio_s)
        late_s = self._clock() + ready_s - deadline
        if late_s > 0 and (alive or self._running or expected):  # an idle server tries: else it never learns better
            raise Overloaded("the answer could not be given in time", late_s)

    def _wait_s(self, ahead_s: float) -> float:
        """Predicted time until a worker is free for a job with that much audio before it."""
        now, workers = self._clock(), len(self._recognizers)
        left_s = [
            max(0.0, self._service_time.predict_s(audio_s) - (now - started))
            for started, audio_s in self._running.values()
        ]
        soonest_s = min(left_s) if len(left_s) == workers else 0.0
        return max(soonest_s, (sum(left_s) + self._service_time.predict_s(ahead_s)) / workers)

    def _work(self, number: int, recognizer: Recognizer) -> None:
        while batch := self._next_batch(number):
            started = self._clock()
            heard = list(_heard(recognizer, batch))
            took_s = self._finish(number, started, batch)
            for job, one in heard:
                queue_s = started - job.submitted
                _deliver(job, one if isinstance(one, Exception) else Recognized(one, queue_s, took_s, len(batch)))

    def _next_batch(self, number: int) -> list[_Job]:
        """Wait for work; an empty list means that there will be none."""
        with self._changed:
            while True:
                batch = self._take()
                if batch:
                    self._running[number] = (self._clock(), sum(job.audio.duration_s for job in batch))
                    self._observe(len(batch))
                    return batch
                if self._draining:
                    return []
                self._changed.wait()

    def _take(self) -> list[_Job]:
        """The most urgent jobs that fit together; cancelled ones are dropped."""
        batch: list[_Job] = []
        audio_s = 0.0
        share = self._fair_share()
        while self._waiting and len(batch) < share:
            job = self._waiting[0]
            if job.cancelled:
                heapq.heappop(self._waiting)
                continue
            audio_s += job.audio.duration_s
            if batch and audio_s > self._limits.max_batch_audio_s:
                break
            batch.append(heapq.heappop(self._waiting))
        return batch

    def _fair_share(self) -> int:
        """At most a full batch, and no more than its part of what waits while other workers are free."""
        free = len(self._recognizers) - len(self._running)
        return min(self._limits.max_batch, -(-len(self._waiting) // max(1, free)))

    def _finish(self, number: int, started: float, batch: list[_Job]) -> float:
        took_s = self._clock() - started
        with self._changed:
            del self._running[number]
            self._service_time.learn(audio_s=sum(job.audio.duration_s for job in batch), took_s=took_s)
        return took_s


def _heard(recognizer: Recognizer, batch: Sequence[_Job]) -> Iterator[tuple[_Job, Hypothesis | Exception]]:
    """Each job's outcome; what fails together is tried once more one by one, so only the one at fault fails."""
    try:
        hypotheses = recognizer.recognize([job.audio for job in batch], partial(_is_cancelled, batch))
        yield from list(zip(batch, hypotheses, strict=True))
    except Exception as error:
        known = isinstance(error, ServingError)
        logger.error("the recognizer failed on %d sounds: %s", len(batch), error, exc_info=not known)
        alone = [_heard(recognizer, [job]) for job in batch if not job.cancelled] if len(batch) > 1 else []
        yield from itertools.chain(*alone) if alone else [(batch[0], error)]


def _is_cancelled(batch: Sequence[_Job], index: int) -> bool:
    return batch[index].cancelled


def _deliver(job: _Job, outcome: Recognized | Exception) -> None:
    """Hand the outcome to the event loop that waits for it, if it still runs."""

    def settle() -> None:
        if job.answer.done():
            return
        if job.cancelled:
            job.answer.set_exception(RecognitionCancelled(NOBODY_WAITS))
        elif isinstance(outcome, Exception):
            job.answer.set_exception(outcome)
        else:
            job.answer.set_result(outcome)

    try:
        job.loop.call_soon_threadsafe(settle)
    except RuntimeError:
        logger.debug("the event loop is gone")
