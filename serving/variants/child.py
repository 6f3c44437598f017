"""One process with one engine, from its start to its end. What goes wrong with it is a RecognizerFailed.

A process that crashed, hung or broke the protocol is ended; whoever uses it looks at `is_alive`. Knows no retries.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from asr.audio import Audio
from asr.errors import AudioTooLong
from asr.recognizer import Hypothesis
from serving.errors import RecognizerFailed
from serving.variants.answers import Garbage, read_hypotheses
from serving.variants.frames import BrokenFrame, Channel, Frame

MAX_ANSWER_BYTES: Final = 2**24
ASK_EVERY_S: Final = 0.01
"""How often it is asked whether somebody still waits."""
END_S: Final = 2.0
"""How long a process may take to end whose socket is closed."""
_THREAD_VARIABLES: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a process is started for, and what it may take."""

    factory: str
    """`module:function` that gives the recognizer."""
    arguments: dict[str, object]
    """Of that function; JSON can hold them."""
    max_memory_bytes: int
    """Writable memory of the process."""
    batch_s: float
    """Longest time for one batch; then the process is ended."""
    start_s: float = 60.0
    """Longest time until it is ready."""
    niceness: int = 0
    """From 0, as important as the server, to 19."""


class Child:
    """A process that is ready for batches, one at a time."""

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel, job: Job) -> None:
        self._process = process
        self._channel = channel
        self._job = job
        self._batches = 0
        self.max_duration_s = 0.0
        """See `Recognizer`."""

    @classmethod
    def start(cls, job: Job) -> "Child":
        """A process whose engine is loaded and has heard a second of silence. Raises RecognizerFailed.

        On Linux it ends with the thread that calls this.
        """
        ours, its = socket.socketpair()
        command = [sys.executable, "-P", "-m", "serving.variants.worker_process", str(its.fileno())]
        environment = dict.fromkeys(_THREAD_VARIABLES, "1") | os.environ
        with its:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[its.fileno()], env=environment)
        child = cls(process, Channel(ours, max_bytes=MAX_ANSWER_BYTES), job)
        try:
            child._become_ready()
        except BaseException:
            child.end()
            raise
        return child

    @property
    def is_alive(self) -> bool:
        """Can it take another batch?"""
        return self._process.poll() is None

    @property
    def process_id(self) -> int:
        """Of the operating system."""
        return self._process.pid

    def recognize(self, batch: Sequence[Audio], cancelled: Callable[[int], bool]) -> list[Hypothesis]:
        """See `Recognizer.recognize`. Raises RecognizerFailed; then the process may have been ended."""
        deadline = time.monotonic() + self._job.batch_s
        self._batches += 1
        head = {"batch": self._batches, "lengths": [len(audio.samples) for audio in batch]}
        self._send(head, b"".join(np.ascontiguousarray(audio.samples).tobytes() for audio in batch))
        answer = self._answer(deadline, len(batch), cancelled)
        if answer.head.get("batch") != self._batches:
            raise self._ended("answered what it was not asked")
        if "failed" in answer.head:
            raise self._failure(str(answer.head["failed"]), str(answer.head.get("kind")))
        try:
            return read_hypotheses(answer.head.get("heard"), batch)
        except Garbage as error:
            raise RecognizerFailed(f"the engine returned garbage: {error}") from None

    def kill(self) -> None:
        """End the process; another thread's `recognize` fails."""
        self._process.kill()

    def end(self) -> None:
        """End the process and let go of it; no other thread may use it."""
        self._process.kill()
        self._process.wait()
        self._channel.close()

    def _become_ready(self) -> None:
        own = os.getpriority(os.PRIO_PROCESS, os.getpid())
        os.setpriority(os.PRIO_PROCESS, self.process_id, own + self._job.niceness)  # its imports already take a while
        self._send(asdict(self._job) | {"server": os.getpid()})
        answer = self._receive(self._job.start_s)
        if answer is None:
            raise self._ended(f"was not ready in {self._job.start_s:g} s")
        if "failed" in answer.head:
            raise self._ended(f"could not load: {answer.head['failed']}")
        ready = answer.head.get("ready")
        longest_s = ready.get("max_duration_s") if isinstance(ready, dict) else None
        if not isinstance(longest_s, int | float) or not longest_s > 0:
            raise self._ended("does not say what it takes")
        self.max_duration_s = float(longest_s)

    def _answer(self, deadline: float, size: int, cancelled: Callable[[int], bool]) -> Frame:
        wanted = set(range(size))
        while (left_s := deadline - time.monotonic()) > 0:
            if answer := self._receive(min(left_s, ASK_EVERY_S)):
                return answer
            for index in [index for index in wanted if cancelled(index)]:
                wanted.discard(index)
                self._send({"batch": self._batches, "cancel": index})
        raise self._ended(f"gave no answer in {self._job.batch_s:g} s")

    def _send(self, head: Mapping[str, object], body: bytes = b"") -> None:
        try:
            self._channel.send(dict(head), body, timeout_s=self._job.batch_s)
        except TimeoutError:
            raise self._ended("takes nothing") from None
        except OSError:
            raise self._crashed() from None

    def _receive(self, timeout_s: float) -> Frame | None:
        try:
            return self._channel.receive(timeout_s)
        except EOFError:
            raise self._crashed() from None
        except BrokenFrame as error:
            raise self._ended(f"broke the protocol: {error}") from None

    def _failure(self, reason: str, kind: str) -> Exception:
        """An error that the engine raised itself; the process goes on, unless it has no memory left."""
        if kind == "too_long":
            return AudioTooLong(reason)
        if kind == "memory":
            return self._ended(f"ran out of its {self._job.max_memory_bytes // 2**20} MB of memory")
        return RecognizerFailed(f"the engine failed: {reason}")

    def _crashed(self) -> RecognizerFailed:
        """It ended by itself; its socket's end is seen a little before its own."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        code = self._process.poll()
        return self._ended("crashed" if code is None else f"crashed ({_how(code)})")

    def _ended(self, what: str) -> RecognizerFailed:
        """End it, and say why."""
        self.end()
        return RecognizerFailed(f"the engine's process {what}")


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
    return f"{name}, perhaps out of memory" if -code == signal.SIGKILL else name
