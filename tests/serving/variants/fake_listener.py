"""A listener that only tells what became of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from asr import convention
from asr.pipeline import Transcription
from serving.search import Hit
from serving.transcriber import Heard, Request
from serving.variants.listener import Queue
from serving.variants.loaded import LoadedVariant
from serving.variants.variant import Variant


@dataclass
class FakeListener:
    closed: list[float] = field(default_factory=list)
    """The seconds for which it could drain."""
    model_id: str = "fake"

    @property
    def queue(self) -> Queue:
        return Queue(waiting_audio_s=0, busy=0, workers=1, wait_s=0)

    def start(self) -> None:
        pass

    def check_room(self) -> None:
        pass

    async def hear(self, request: Request) -> Heard:
        raise NotImplementedError

    def stream(self, request: Request) -> AsyncIterator[str | Transcription]:
        raise NotImplementedError

    def prioritise(self, niceness: int) -> None:
        pass

    async def close(self, drain_s: float) -> None:
        self.closed.append(drain_s)


class Nothing:
    """A catalogue without items."""

    def __len__(self) -> int:
        return 0

    def search(self, query: str, *, limit: int) -> list[Hit]:
        return []


def loaded(variant: Variant) -> LoadedVariant:
    return LoadedVariant(variant, FakeListener(), convention.SEARCH, Nothing())


def closed(variant: LoadedVariant) -> list[float]:
    assert isinstance(variant.listener, FakeListener)
    return variant.listener.closed
