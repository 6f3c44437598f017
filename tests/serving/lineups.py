"""Loaded variants without a model, for whatever only needs to know who was asked."""

from collections.abc import AsyncIterator

from asr import convention
from asr.pipeline import Transcription
from serving.embedded_search import EmbeddedSearch
from serving.errors import VariantUnavailable
from serving.transcriber import Heard, Request
from serving.variants.lineup import Lineup
from serving.variants.listener import Queue
from serving.variants.loaded import LoadedVariant
from serving.variants.variant import Variant


class Deaf:
    """A listener that hears nothing: it is only asked for its name."""

    def __init__(self, name: str) -> None:
        self.model_id = f"model of {name}"
        self.closed = False

    @property
    def queue(self) -> Queue:
        return Queue(waiting_audio_s=0.0, busy=0, workers=1, wait_s=0.0)

    def start(self) -> None: ...

    def check_room(self) -> None: ...

    async def hear(self, request: Request) -> Heard:
        raise NotImplementedError

    async def stream(self, request: Request) -> AsyncIterator[str | Transcription]:
        raise NotImplementedError
        yield

    def prioritise(self, niceness: int) -> None: ...

    async def close(self, drain_s: float) -> None:
        self.closed = True


def loaded(name: str, *, timeout_s: float = 2.0) -> LoadedVariant:
    variant = Variant(name=name, timeout_s=timeout_s)
    search = EmbeddedSearch.build([], write=str)
    return LoadedVariant(variant, Deaf(name), convention.SEARCH, search)


def lineup(*names: str, timeout_s: float = 2.0) -> Lineup:
    """Those variants; no other can be loaded."""

    async def load(variant: Variant) -> LoadedVariant:
        raise VariantUnavailable(f"the variant {variant.name} cannot be loaded")

    return Lineup(load, *(loaded(name, timeout_s=timeout_s) for name in names))
