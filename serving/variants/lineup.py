"""The variants that are loaded now. Loading and unloading go on beside the queries, which never wait for them.

A variant takes queries only when it is loaded and warm; one that cannot be loaded leaves everything as it was. One
that is unloaded gets no new queries and finishes those it has. Belongs to one event loop; knows no rollout and no HTTP.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from serving.errors import Conflict, NotFound
from serving.variants.loaded import LoadedVariant
from serving.variants.variant import Variant

logger = logging.getLogger(__name__)

LOOK_AGAIN_S: Final = 0.01
"""How often it is looked whether the last query of a variant has ended."""


class Lineup:
    """Loaded variants by name."""

    def __init__(self, load: Callable[[Variant], Awaitable[LoadedVariant]], *loaded: LoadedVariant) -> None:
        """`load` gives a variant that is ready and warm; `loaded` are there from the beginning."""
        self._load = load
        self._loaded = {one.variant.name: one for one in loaded}
        self._loading: dict[str, tuple[Variant, asyncio.Task[LoadedVariant]]] = {}
        self._one_at_a_time = asyncio.Lock()
        """So that each load sees the memory that the one before it took."""
        self._leaving: set[asyncio.Task[None]] = set()
        self._held: Counter[int] = Counter()
        """By the identity of the loaded variant: another one may follow under its name."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the variants that can answer, in the order in which they came."""
        return tuple(self._loaded)

    def get(self, name: str) -> LoadedVariant:
        """The variant of that name. Raises NotFound."""
        if name not in self._loaded:
            raise NotFound(f"the variant {name!r} is not loaded; there are: {', '.join(self._loaded)}", "variant")
        return self._loaded[name]

    @contextmanager
    def holding(self, name: str) -> Iterator[LoadedVariant]:
        """The variant of that name, which is not closed before the block ends. Raises NotFound."""
        loaded = self.get(name)
        self._held[id(loaded)] += 1
        try:
            yield loaded
        finally:
            self._held[id(loaded)] -= 1

    async def load(self, variant: Variant) -> LoadedVariant:
        """Load a variant, unless it is there already; who asks meanwhile waits for the same load.

        Cancelling the call does not stop the load. Raises Conflict where the name stands for other settings,
        VariantUnavailable where it cannot be loaded.
        """
        present = self._loaded.get(variant.name)
        known, task = self._loading.get(variant.name, (present.variant if present else variant, None))
        if known.fingerprint != variant.fingerprint:
            raise Conflict(f"the variant {variant.name!r} is loaded with other settings; take another name", "variant")
        if present:
            return present
        if task is None:
            task = asyncio.ensure_future(self._take_in(variant))
            self._loading[variant.name] = variant, task
        return await asyncio.shield(task)

    async def unload(self, name: str, drain_s: float) -> None:
        """Let a variant finish its queries, for at most `drain_s`, and let go of it.

        Cancelling the call does not stop it. Raises NotFound.
        """
        await asyncio.shield(self._begin_to_let_go(name, drain_s))

    async def close(self, drain_s: float) -> None:
        """Let go of all; what is not loaded by then is left to end with this process."""
        if loading := [task for _, task in self._loading.values()]:
            await asyncio.wait(loading, timeout=drain_s)
        for name in self.names:
            self._begin_to_let_go(name, drain_s)
        await asyncio.gather(*self._leaving)

    def _begin_to_let_go(self, name: str, drain_s: float) -> "asyncio.Task[None]":
        loaded = self.get(name)
        del self._loaded[name]
        task = asyncio.ensure_future(self._let_go(loaded, drain_s))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        return task

    async def _take_in(self, variant: Variant) -> LoadedVariant:
        try:
            async with self._one_at_a_time:
                loaded = await self._load(variant)
            self._loaded[variant.name] = loaded
            logger.info("the variant %s is loaded", variant.name)
            return loaded
        finally:
            del self._loading[variant.name]

    async def _let_go(self, loaded: LoadedVariant, drain_s: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + drain_s
        while self._held[id(loaded)] and loop.time() < end:
            await asyncio.sleep(LOOK_AGAIN_S)
        await loaded.close(max(0.0, end - loop.time()))
        del self._held[id(loaded)]
        logger.info("the variant %s is unloaded", loaded.variant.name)
