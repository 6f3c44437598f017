"""Recognizers that only tell what they were given, and the scenes in which batching is tested with them."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE_HZ, Audio
from asr.recognizer import Hypothesis, never_cancelled
from serving.batching import Batcher, Recognized

NEVER = 1e9
"""A deadline."""
SOON_S = 10.0
"""Nothing here takes that long."""


def sound(seconds: float) -> Audio:
    return Audio(np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32))


def heard(audio: Audio) -> Hypothesis:
    """What the fakes hear in a sound: its length."""
    return Hypothesis(f"{audio.duration_s:g}", (), (), ())


@dataclass
class Fake:
    """Answers at once."""

    batches: list[list[float]] = field(default_factory=list)
    """Seconds of each sound of each batch."""
    model_id: str = "fake"
    max_duration_s: float = 30.0

    def recognize(self, batch: Sequence[Audio], cancelled: Callable[[int], bool] = never_cancelled) -> list[Hypothesis]:
        self.batches.append([audio.duration_s for audio in batch])
        return self.hear(batch, cancelled)

    def hear(self, batch: Sequence[Audio], cancelled: Callable[[int], bool]) -> list[Hypothesis]:
        return [heard(audio) for audio in batch]


@dataclass
class Held(Fake):
    """Answers when it is let go."""

    began: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    may_end: threading.Event = field(default_factory=threading.Event)

    def hear(self, batch: Sequence[Audio], cancelled: Callable[[int], bool]) -> list[Hypothesis]:
        self.began.release()
        assert self.may_end.wait(SOON_S)
        return super().hear(batch, cancelled)

    async def is_busy(self) -> None:
        assert await asyncio.to_thread(self.began.acquire, timeout=SOON_S)


def run(scene: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 2 * SOON_S))


def ask(batcher: Batcher, seconds: float, deadline: float = NEVER) -> "asyncio.Task[Recognized]":
    return asyncio.ensure_future(batcher.recognize(sound(seconds), deadline=deadline))


async def until_queued(batcher: Batcher, seconds: float) -> None:
    while batcher.queued_audio_s != pytest.approx(seconds):
        await asyncio.sleep(0.001)


async def give_up(asked: "Sequence[asyncio.Task[Recognized]]") -> None:
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
