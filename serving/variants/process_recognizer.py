"""An engine in a process of its own, for whoever expects a `Recognizer`: what it does, it does to itself alone.

A process that crashed or hung is replaced at once, and after some rest where that happens again and again. Which
sound was at fault is found by the batcher, which asks for each of a failed batch alone.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from asr.audio import Audio
from asr.recognizer import Hypothesis, never_cancelled
from serving.errors import RecognizerFailed
from serving.variants.backoff import Backoff
from serving.variants.child import Child, Job


class ProcessRecognizer:
    """One process at a time; implements `asr.recognizer.Recognizer`. Threads take turns."""

    def __init__(self, model_id: str, job: Job, backoff: Backoff) -> None:
        """`backoff` may be shared by recognizers with the same engine: what crashes one crashes the others."""
        self._model_id = model_id
        self._job = job
        self._backoff = backoff
        self._turn = threading.Lock()
        self._starter = ThreadPoolExecutor(1, "engine-starter")  # its thread lives as long as this: see Child.start
        self._child: Future[Child] | None = None
        self._closed = False
        self._max_duration_s: float | None = None
        self.starts = 0
        """How many processes there were."""

    @property
    def model_id(self) -> str:
        """The name it is registered under."""
        return self._model_id

    @property
    def max_duration_s(self) -> float:
        """Longest sound the model takes in one piece. Raises RecognizerFailed where there is no process."""
        if self._max_duration_s is None:
            with self._turn:  # or it would end a process that another thread has a batch in
                self._max_duration_s = self._present().max_duration_s
        return self._max_duration_s

    @property
    def is_down(self) -> bool:
        """Does it rest after crashes?"""
        return self._child is None and self._backoff.wait_s > 0

    def begin(self) -> Future[Child]:
        """Start a process without waiting for it."""
        self.starts += 1
        self._child = self._starter.submit(Child.start, self._job)
        return self._child

    def wait_until_ready(self) -> None:
        """Raises RecognizerFailed where it does not start."""
        with self._turn:
            self._max_duration_s = self._present().max_duration_s

    def recognize(self, batch: Sequence[Audio], cancelled: Callable[[int], bool] = never_cancelled) -> list[Hypothesis]:
        """See `Recognizer.recognize`. Raises RecognizerFailed."""
        if not batch:
            return []
        with self._turn:
            child = self._present()
            try:
                heard = child.recognize(batch, cancelled)
            except RecognizerFailed:
                if not child.is_alive:
                    self._lost()
                raise
            self._backoff.succeeded()
            return heard

    def prioritise(self, niceness: int) -> None:
        """Go on in a new process with that niceness, since no process may make itself more important.

        Waits until it is ready; the old one works meanwhile. Raises RecognizerFailed, and then keeps the old one.
        """
        if niceness == self._job.niceness:
            return
        job = replace(self._job, niceness=niceness)
        fresh = self._starter.submit(Child.start, job)
        fresh.result()
        with self._turn:
            old, self._child, self._job = self._child, fresh, job
        self.starts += 1
        for unwanted in (old, fresh if self._closed else None):
            if unwanted:
                unwanted.add_done_callback(self._end)

    def close(self) -> None:
        """End the process at once, or as soon as it has started; a batch in it fails."""
        self._closed = True
        if child := self._child:
            child.add_done_callback(self._end)
        self._starter.shutdown(wait=False, cancel_futures=True)

    def _present(self) -> Child:
        """The process, started if there is none, or if it ended while it had nothing to do."""
        starting = self._child or self._started()
        try:
            child = starting.result()
        except RecognizerFailed:
            self._lost()
            raise
        if child.is_alive:
            return child
        child.end()
        self._lost()
        return self._present()

    def _started(self) -> Future[Child]:
        if self._closed:
            raise RecognizerFailed("the engine was closed")
        if wait_s := self._backoff.wait_s:
            raise RecognizerFailed(
                f"the engine crashed {self._backoff.crashes} times in a row and starts again in {wait_s:.0f} s"
            )
        return self.begin()

    def _lost(self) -> None:
        """There is no process any more: start another at once, if that may be."""
        self._child = None
        self._backoff.crashed()
        if not self._closed and not self._backoff.wait_s:
            self.begin()

    def _end(self, child: Future[Child]) -> None:
        """Whoever waits for it hears of its end, and only then its socket is closed."""
        if child.cancelled() or child.exception():
            return
        child.result().kill()
        with self._turn:
            child.result().end()
