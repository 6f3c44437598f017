"""A variant made ready to answer: what it listens with, how it writes, what it searches.

The champion's engine runs in this process, which is quickest; a candidate's in processes of its own, so that it can
neither crash, hang nor eat what the champion lives on. Knows no other variant and no traffic.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asr import convention
from asr.convention import Convention
from asr.errors import AsrError
from asr.pipeline import Transcription
from asr.registry import Registry
from serving.errors import ServingError, VariantUnavailable
from serving.search import SearchBackend
from serving.settings import Settings
from serving.transcriber import Heard, Request
from serving.variants.external import External
from serving.variants.listener import Listener, Queue
from serving.variants.local import Local
from serving.variants.opening import open_apart, open_external, open_here
from serving.variants.search_backends import SearchBackends
from serving.variants.variant import CHAMPION, Variant

WARM_UP: Final = Path(__file__).with_name("warm_up.flac")
"""Somebody says "what time is it"."""
WARM_UP_S: Final = 30.0
"""A variant that has not answered it by then is not loaded."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedVariant:
    """One variant that can answer."""

    variant: Variant
    listener: Listener
    convention: Convention
    search: SearchBackend

    @property
    def model_id(self) -> str:
        """Whose words these are."""
        return self.listener.model_id

    @property
    def queue(self) -> Queue:
        """How full it is."""
        return self.listener.queue

    def check_room(self) -> None:
        """Raise Overloaded, Draining or RecognizerFailed at once where a short query would get no answer."""
        self.listener.check_room()

    async def hear(self, request: Request) -> Heard:
        """What one recording says. Raises what decoding raises, Overloaded, Draining or RecognizerFailed."""
        return await self.listener.hear(request)

    async def transcribe(self, request: Request) -> Transcription:
        """The same without its sound."""
        return (await self.listener.hear(request)).transcription

    def stream(self, request: Request) -> AsyncIterator[str | Transcription]:
        """The text piece by piece, at the end the whole. Raises what `hear` raises."""
        return self.listener.stream(request)

    def start(self) -> None:
        """Begin to take recordings."""
        self.listener.start()

    async def warm(self) -> None:
        """Let a short recording go through everything. Raises VariantUnavailable where that fails."""
        request = Request(data=WARM_UP.read_bytes(), convention=self.convention, max_duration_s=WARM_UP_S)
        try:
            async with asyncio.timeout(WARM_UP_S):
                heard = await self.hear(request)
        except (AsrError, ServingError, TimeoutError) as error:
            reason = str(error) or f"no answer in {WARM_UP_S:g} s"
            raise VariantUnavailable(f"the variant {self.variant.name} cannot hear: {reason}") from error
        self.search.search(heard.transcription.text, limit=1)

    async def prioritise(self, niceness: int) -> None:
        """Run with that niceness from now on, 0 the most important: a candidate that begins to answer."""
        await asyncio.to_thread(self.listener.prioritise, niceness)

    async def close(self, drain_s: float) -> None:
        """Take nothing more, finish what was taken if that ends in time, and let go of everything."""
        await self.listener.close(drain_s)


def champion_of(settings: Settings) -> Variant:
    """The variant that the configuration itself describes."""
    return Variant(
        name=CHAMPION,
        model=settings.model.id,
        frontend=settings.frontend,
        convention=settings.convention.search,
        catalog=settings.search.catalog,
    )


def open_variant(
    variant: Variant,
    settings: Settings,
    registry: Registry,
    *,
    isolated: bool,
    niceness: int = 0,
    backends: SearchBackends | None = None,
    observe: Callable[[int], None] = lambda size: None,
) -> LoadedVariant:
    """Open model, front end and index; it is neither started nor warm.

    `niceness` is of an isolated engine's processes, `observe` gets the size of every batch.
    Raises VariantUnavailable, and what the registry, the cache, conventions and catalogues raise.
    """
    written = convention.get(variant.convention)
    search = (backends or SearchBackends()).get(variant.catalog, variant.convention)
    listener: Local | External
    if variant.is_external:
        listener = open_external(variant, settings, registry)
    elif isolated:
        listener = open_apart(variant, settings, registry, niceness=niceness, observe=observe)
    else:
        listener = open_here(variant, settings, registry, observe=observe)
    return LoadedVariant(variant, listener, written, search)


async def load_variant(
    variant: Variant,
    settings: Settings,
    registry: Registry,
    *,
    isolated: bool,
    niceness: int = 0,
    backends: SearchBackends | None = None,
    observe: Callable[[int], None] = lambda size: None,
) -> LoadedVariant:
    """Open a variant off the event loop, start it, and warm it.

    Raises VariantUnavailable with the reason, whatever it is; then nothing is left behind.
    """

    def opened() -> LoadedVariant:
        return open_variant(
            variant, settings, registry, isolated=isolated, niceness=niceness, backends=backends, observe=observe
        )

    try:
        loaded = await asyncio.to_thread(opened)
    except (AsrError, ServingError, OSError) as error:
        raise VariantUnavailable(f"the variant {variant.name} cannot be loaded: {error}") from error
    try:
        loaded.start()
        await loaded.warm()
    except BaseException:
        await loaded.close(0.0)
        raise
    return loaded
