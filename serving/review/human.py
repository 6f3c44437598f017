"""A query that waits for a person: put into the queue, and answered as soon as somebody has said what they heard.

Who submits to this replica wakes the query at once; of what is submitted elsewhere it learns by looking. Knows the
queue, not the query.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from monitoring.errors import MonitoringError
from serving.review.item import Review, ReviewItem
from serving.review.store import ReviewStore

POLL_S: Final = 0.5
"""How late an answer that was given to another replica can be."""


class HumanAnswers:
    """People's answers to the queries of this replica."""

    def __init__(self, queue: ReviewStore, *, poll_s: float = POLL_S) -> None:
        self._queue = queue
        self._poll_s = poll_s
        self._waiting: dict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}

    @property
    def waiting(self) -> int:
        """Queries that wait for a person."""
        return len(self._waiting)

    async def text_for(
        self, item: ReviewItem, *, timeout_s: float, entered: Callable[[], None] = lambda: None
    ) -> Review | None:
        """Offer the item, and wait for the first opinion, as it was typed; None where nobody came in time.

        `entered` is called once it is in the queue. After the time nobody new is asked; who has it already may finish,
        for the data's sake. Raises what `offer` raises.
        """
        told = asyncio.Event()
        listener = asyncio.get_running_loop(), told
        listeners = self._waiting.setdefault(item.item_id, set())
        listeners.add(listener)
        live = replace(item, deadline=time.time() + timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.to_thread(self._queue.offer, live)
                entered()
                while (said := await asyncio.to_thread(self._queue.get, item.item_id)).verdict is None:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(told.wait(), self._poll_s)
                    told.clear()
        except TimeoutError:
            return None
        finally:
            listeners.discard(listener)
            if not listeners:
                self._waiting.pop(item.item_id, None)
        return await self._handed_over(said)

    async def _handed_over(self, item: ReviewItem) -> Review | None:
        if item.verdict is None or item.typed is None:
            return item.verdict
        if item.item_id not in self._waiting:
            with suppress(MonitoringError):  # the answer is there all the same, and tending forgets it later
                await asyncio.to_thread(self._queue.forget_typed, item.item_id)
        return replace(item.verdict, text=item.typed)

    def told(self, item: ReviewItem) -> None:
        """Somebody said something of the item here; from any thread."""
        for loop, told in tuple(self._waiting.get(item.item_id, ())):
            with suppress(RuntimeError):  # its server has ended meanwhile
                loop.call_soon_threadsafe(told.set)
