"""Lets people answer, and judge what the model has answered, as far as a class of traffic asks for it.

How much is left to the model, `serving.automation` knows; who works at what, `serving.review`. Nobody listens without
the speaker's consent. Knows no HTTP and no model.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from asr.decode import DecodeLimits, decode
from asr.errors import AsrError
from monitoring.errors import MonitoringError
from monitoring.events import Event
from monitoring.voice_events import ServedBy, slices_of
from serving.automation.decide import Answerer, ModelResult, Plan, check, route
from serving.automation.degree import Degree
from serving.automation.degrees import Degrees
from serving.automation.places import Place, Places
from serving.automation.record import ClassState
from serving.errors import NobodyAnswered, ServingError
from serving.kept_audio import keep_audio
from serving.query import Answer, Query
from serving.review import item as review
from serving.review.desk import ReviewDesk
from serving.review.disagreement import item_of_disagreement
from serving.review.kept_answer import kept_answer
from serving.review.sampler import Sampler
from serving.review.sampling import required_labelers

logger = logging.getLogger(__name__)

MAX_OFFERED: Final = 1_000
"""Items on their way into the queue; what is more is not reviewed."""

ByModel = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """For how long a query waits for a person, and where its recording lies meanwhile."""

    wait_s: float
    audio_folder: Path
    limits: DecodeLimits
    """Of the recordings that people get."""
    kept: Callable[[str], str | None] = str
    """What of a transcript may be written down; None: nothing."""


class People:
    """People beside the model."""

    def __init__(self, degrees: Degrees, desk: ReviewDesk, sampler: Sampler, places: Places, waiting: Waiting) -> None:
        self.degrees = degrees
        self.desk = desk
        self._sampler = sampler
        self._places = places
        self._waiting = waiting
        self._offered: deque[review.ReviewItem] = deque(maxlen=MAX_OFFERED)
        self._wake = asyncio.Event()

    async def answer(self, query: Query, by_model: ByModel, write: Callable[[str], str]) -> Answer:
        """The answer of whoever is to give it; a person's text goes through `write` and is still to be searched.

        Raises ConsentRequired, Overloaded, NobodyAnswered, and what the model raises where only it may answer.
        """
        state = self.degrees.of(query.client.tenant)
        if not query.is_spoken or state.degree is Degree.FULL:
            return await by_model()
        check(state, consent=query.client.consent, has_room=self._places.room.is_left)
        if not state.degree.model_runs:
            await self._check_recording(query)
        found = await _if_it_can(by_model) if state.degree.model_runs else None
        heard = found.transcription if found else None
        result = ModelResult(confidence=heard.confidence, variant=found.served_by.variant) if found and heard else None
        has_room = self._places.room.admits(heard.confidence if heard else None)
        plan = route(state, result, consent=query.client.consent, has_room=has_room)
        if found and plan.answerer is Answerer.MODEL:
            return _said(found, plan)
        with self._places.taken() as place:  # before anything is waited for: the bounds hold in a burst
            return await self._by_person(query, found, plan, state, write, place)

    def offer(self, event: Event, found: Answer) -> None:
        """Draw an answered query for review, with a known probability; `event` is the query's own. Never waits."""
        variant = found.served_by.variant
        if variant is None or not (event.consent and event.details.get("audio_path")):
            return
        heard = found.transcription
        if heard is None or found.answered_by is Answerer.PERSON:
            return
        chance = self._sampler.draw(event.request_id, variant=variant, confidence=heard.confidence, at=event.at)
        if chance is None:
            return
        self._offered.append(
            review.item_of(
                event,
                reason=review.Reason.SAMPLED,
                inclusion_probability=chance,
                required=required_labelers(event.request_id, self._sampler.sampling),
                words=heard.words,
            )
        )
        self._wake.set()

    def disagreed(self, event: Event, shadow: Event) -> None:
        """Let people say who is right where a candidate heard something else than what was answered. Never waits."""
        if item := item_of_disagreement(event, shadow):
            self._offered.append(item)
            self._wake.set()

    async def offering(self) -> None:
        """Put what was drawn into the queue, for as long as the server runs."""
        while True:
            self._wake.clear()
            while self._offered:
                await self._put(self._offered.popleft())
            await self._wake.wait()

    async def _put(self, item: review.ReviewItem) -> None:
        try:
            await asyncio.to_thread(self.desk.queue.offer, self._kept(item))
        except (MonitoringError, ServingError) as error:
            logger.warning("a query could not be put into the review queue: %s", error)

    def _kept(self, item: review.ReviewItem) -> review.ReviewItem:
        return replace(item, answer=kept_answer(item.answer, self._waiting.kept))

    async def _check_recording(self, query: Query) -> None:
        """Raise what decoding raises: nobody is asked to listen to what is no recording."""
        await asyncio.to_thread(decode, query.data, limits=self._waiting.limits, pcm=query.pcm)

    async def _by_person(
        self,
        query: Query,
        found: Answer | None,
        plan: Plan,
        state: ClassState,
        write: Callable[[str], str],
        place: Place,
    ) -> Answer:
        started = time.perf_counter()
        folder = self._waiting.audio_folder
        path = await asyncio.to_thread(keep_audio, query.data, folder, query.request_id)
        item = self._kept(self._item(query, found, plan, path))
        verdict = await self.desk.human.text_for(item, timeout_s=self._waiting.wait_s, entered=place.entered)
        waited_ms = (time.perf_counter() - started) * 1e3
        if verdict is None:
            if found and state.degree.model_may_answer:
                return _said(found, plan, why="nobody_came")
            raise NobodyAnswered(f"nobody has answered within {self._waiting.wait_s:g} s")
        text = verdict.text if verdict.said is review.Said.TEXT else ""
        before = found or Answer(request_id=query.request_id, transcript="", hits=[], heard=None)
        return replace(
            _said(before, plan),
            transcript=write(text),
            typed=text,
            hits=[],
            answered_by=Answerer.PERSON,
            timings_ms=before.timings_ms | {"person": waited_ms},
        )

    def _item(self, query: Query, found: Answer | None, plan: Plan, path: Path) -> review.ReviewItem:
        """What waits for a person. Of those that are uncertain, the ones that would have been drawn anyway stand for
        the others; where people answer everything, each stands for itself."""
        client, heard = query.client, found.transcription if found else None
        by = found.served_by if found else ServedBy()
        now, confidence = time.time(), heard.confidence if heard else None
        chance: float | None = 1.0
        if uncertain := plan.automation is Degree.PARTIAL:
            chance = self._sampler.draw(query.request_id, variant=by.variant or "", confidence=confidence, at=now)
        return review.ReviewItem(
            item_id=query.request_id,
            at=now,
            reason=review.Reason.BELOW_THRESHOLD if uncertain else review.Reason.HUMAN_ANSWERS,
            consent=client.consent,
            media=str(path),
            answer=review.Answer(
                text=found.transcript if found else None,
                words=heard.words if heard else (),
                confidence=confidence,
                variant=by.variant,
                model=by.model,
            ),
            user_id=client.user_id,
            traffic_class=client.tenant or "",
            slices=slices_of(client, replace(by, automation=plan.automation.value)),
            inclusion_probability=chance,
            answer_shown=plan.model_text_shown,
        )


async def _if_it_can(by_model: ByModel) -> Answer | None:
    """Where a person can answer, a model that cannot is no reason to fail; a recording that is none is."""
    try:
        return await by_model()
    except AsrError:
        raise
    except ServingError as error:
        logger.warning("the model did not answer, and a person is asked: %s", error)
        return None


def _said(found: Answer, plan: Plan, *, why: str | None = None) -> Answer:
    """With what the answer says of who gave it."""
    return replace(
        found, served_by=replace(found.served_by, automation=plan.automation.value), why=why or plan.why.value
    )
