"""The process in which an engine runs apart: `python -m serving.variants.worker_process FD`.

FD is a socket to the server; the first message is the job. Sounds come in, hypotheses go out, one batch at a time.
The process never outlives the server, not even one that was killed while the engine hangs. Knows no HTTP, no settings.
"""

import ctypes
import importlib
import os
import queue
import resource
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import numpy as np

from asr.audio import SAMPLE_RATE_HZ, Audio
from asr.cache import locate
from asr.engines import load_recognizer
from asr.errors import AudioTooLong
from asr.recognizer import Hypothesis, Recognizer
from serving.variants.frames import BrokenFrame, Channel, Frame

MAX_SOUND_BYTES: Final = 2**30
MAX_REASON_CHARS: Final = 300
KINDS: Final[dict[str, type[Exception]]] = {"memory": MemoryError, "too_long": AudioTooLong}
"""Errors that mean something to the server."""
_PR_SET_PDEATHSIG: Final = 1


@dataclass(slots=True)
class _Inbox:
    """Batches that came, and which of the present one's sounds nobody waits for any more."""

    batches: "queue.SimpleQueue[Frame]" = field(default_factory=queue.SimpleQueue)
    cancelled: set[tuple[object, object]] = field(default_factory=set)
    """Number of the batch, index of the sound."""


def registered(model_id: str, threads: int) -> Recognizer:
    """The model of that id in the registry of this machine."""
    return load_recognizer(locate(model_id), threads=threads)


def main() -> None:
    """Work for the server until it goes."""
    os.dup2(2, 1)  # what an engine prints is for the log
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a whole terminal: the server says when it ends
    channel = Channel(socket.socket(fileno=int(sys.argv[1])), max_bytes=MAX_SOUND_BYTES)
    job = channel.receive()
    if job is None:
        return
    _end_with(cast(int, job.head["server"]))
    _bound_memory(cast(int, job.head["max_memory_bytes"]))
    try:
        recognizer = _load(cast(str, job.head["factory"]), cast("dict[str, object]", job.head["arguments"]))
        recognizer.recognize([Audio(np.zeros(SAMPLE_RATE_HZ, np.float32))])
    except Exception as error:
        channel.send({"failed": _reason(error)})
        return
    channel.send({"ready": {"model_id": recognizer.model_id, "max_duration_s": recognizer.max_duration_s}})
    _serve(recognizer, channel)


def _serve(recognizer: Recognizer, channel: Channel) -> None:
    inbox = _Inbox()
    threading.Thread(target=_listen, args=(channel, inbox), daemon=True).start()
    while True:
        batch = inbox.batches.get()
        number = batch.head["batch"]
        sounds = _sounds(batch)

        def is_cancelled(index: int, number: object = number) -> bool:
            return (number, index) in inbox.cancelled

        try:
            heard = [_written(one) for one in recognizer.recognize(sounds, is_cancelled)]
            channel.send({"batch": number, "heard": heard})
        except Exception as error:
            kind = next((kind for kind, types in KINDS.items() if isinstance(error, types)), "")
            channel.send({"batch": number, "failed": _reason(error), "kind": kind})
        inbox.cancelled.clear()


def _listen(channel: Channel, inbox: _Inbox) -> None:
    """Take in what the server sends, while the engine works; with the server this process ends."""
    try:
        while frame := channel.receive():
            if "cancel" in frame.head:
                inbox.cancelled.add((frame.head["batch"], frame.head["cancel"]))
            else:
                inbox.batches.put(frame)
    except (EOFError, OSError, BrokenFrame):
        pass
    os._exit(1)


def _sounds(batch: Frame) -> list[Audio]:
    samples = np.frombuffer(bytearray(batch.body), np.float32)  # engines may write into it
    ends = np.cumsum(cast("list[int]", batch.head["lengths"])).tolist()
    return [Audio(part) for part in np.split(samples, ends[:-1])]


def _written(heard: Hypothesis) -> dict[str, object]:
    return {
        "text": heard.text,
        "words": [[word.text, word.confidence] for word in heard.words],
        "tokens": heard.tokens,
        "token_log_probs": heard.token_log_probs,
        "truncated": heard.truncated,
    }


def _load(factory: str, arguments: dict[str, object]) -> Recognizer:
    """Call `module:function`."""
    module, _, name = factory.partition(":")
    return cast(Recognizer, getattr(importlib.import_module(module), name)(**arguments))


def _reason(error: Exception) -> str:
    said = f"{type(error).__name__}: {error}"[:MAX_REASON_CHARS]
    return said.encode("utf-8", "replace").decode()


def _bound_memory(max_bytes: int) -> None:
    """Writable memory of this process. Files that are mapped and addresses that are only reserved, of which inference
    runtimes take many, do not count, as they would for RLIMIT_AS; and no measuring can come too late."""
    resource.setrlimit(resource.RLIMIT_DATA, (max_bytes, max_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # what people say is not left on the disk by a crash


def _end_with(server: int) -> None:
    """Let the kernel end this process with the thread that started it (Linux), even where an engine holds the
    interpreter's lock for good; elsewhere the end of the socket must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)


__all__: Sequence[str] = ["main", "registered"]

if __name__ == "__main__":
    main()
