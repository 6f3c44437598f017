"""What reviewers do, and all that follows: the queue changes, whoever waits is told, a review becomes an event.

A thin shell: the queue keeps, `lifecycle` decides. Knows no HTTP.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from asr import convention
from asr.errors import AudioError, UnknownConvention
from data_pipeline.recordings import read_bytes
from monitoring.errors import MonitoringError
from monitoring.events import Event
from serving.errors import BadField, Conflict, NotFound
from serving.review.agreement import Agreement, agreements
from serving.review.estimate import Estimate, estimates
from serving.review.figures import DAY_S, Figures, figures
from serving.review.human import HumanAnswers
from serving.review.item import Review, ReviewItem
from serving.review.review_event import review_event
from serving.review.settings import ReviewSettings
from serving.review.store import ReviewStore
from serving.state.store import StateStore

logger = logging.getLogger(__name__)

TEND_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Known:
    """What the reviews say so far."""

    estimates: list[Estimate]
    agreements: list[Agreement]


class ReviewDesk:
    """Where reviewers work, over one queue. Threads may share it."""

    def __init__(
        self,
        state: StateStore,
        settings: ReviewSettings,
        *,
        publish: Callable[[Event], object] = lambda event: None,
        keep: Callable[[str], str] = str,
    ) -> None:
        """`publish` takes the events of finished reviews; `keep` is what is kept of a reviewer's text."""
        self.settings = settings
        self.queue = ReviewStore(state, lease_s=settings.lease_s)
        self.human = HumanAnswers(self.queue)
        self._state = state
        self._publish = publish
        self.keep = keep

    def submit(self, item_id: str, review: Review) -> ReviewItem:
        """Take a review, a skip too; its text is kept as `keep` writes it, and a user who waits gets what was typed.

        Raises Conflict, NotFound, and BadField for an unknown convention.
        """
        try:
            convention.get(review.convention)
        except UnknownConvention as error:
            raise BadField(str(error), "convention") from None
        item = self.queue.submit(item_id, replace(review, text=self.keep(review.text)), typed=review.text)
        self.human.told(item)
        if event := review_event(item, at=review.at):
            self._publish(event)
        return item

    def recording(self, item_id: str, labeler: str) -> bytes:
        """The item's recording, for whoever has the item now. Raises Conflict, and NotFound where it is gone."""
        if not self.queue.holds(item_id, labeler):
            raise Conflict(f"{labeler} does not have {item_id} now: claim it first")
        return recording_of(self.queue.get(item_id))

    def earlier(self, item: ReviewItem) -> list[Review]:
        """What whoever has the item may see of others: both texts of a dispute, else none."""
        return [one for one in self.queue.reviews(item.item_id) if one.is_opinion] if item.is_disputed else []

    def figures(self) -> Figures:
        """How the queue is doing now."""
        return figures(self._state, now=time.time())

    def known(self, *, since: float = 0.0) -> Known:
        """What the reviews of items from that time on say, seconds since 1970 UTC."""
        items = list(self.queue.every(since=since))
        twice = [self.queue.reviews(one.item_id) for one in items if one.opinions > 1]
        return Known(estimates(items, least_probability=self.settings.min_share), agreements(twice))

    async def tend(self) -> None:
        """Now and then, for ever: give up what nobody has looked at for long, forget what users had to get."""
        while True:
            try:
                await asyncio.to_thread(self.queue.forget_all_typed)
                await asyncio.to_thread(self.queue.expire_before, time.time() - self.settings.expire_days * DAY_S)
            except MonitoringError as error:
                logger.warning("the review queue cannot be tended: %s", error)
            await asyncio.sleep(TEND_S)


def recording_of(item: ReviewItem, folder: Path = Path()) -> bytes:
    """The kept recording; a relative path begins at `folder`. Raises NotFound where there is none any more."""
    if item.media is None:
        raise NotFound(f"{item.item_id} has no recording", "item_id")
    try:
        return read_bytes(folder / item.media)
    except (OSError, AudioError):
        raise NotFound(f"the recording of {item.item_id} is gone", "item_id") from None
