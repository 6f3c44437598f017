"""Keeps automation up to date beside the requests: degrees are followed, alarms demote, thresholds are chosen anew.

Every replica does all of it, since each step is the same whoever takes it and is taken once. A thin shell that decides
nothing; while a store is away all stays as it was.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import numpy as np

from monitoring.alarms.alarm import State
from monitoring.alarms.store import MAX_PAGE, AlarmStore
from monitoring.errors import MonitoringError
from serving.automation.budget import Room, cut_of
from serving.automation.degree import Degree
from serving.automation.degrees import Degrees
from serving.automation.demotion import concerned, least_degree
from serving.automation.gathering import Drawn, drawn_of, look
from serving.automation.places import Places
from serving.automation.record import ClassState
from serving.automation.steps import demoted
from serving.automation.workload import DAY_S, read_workload
from serving.automation_settings import AutomationSettings
from serving.background import beside
from serving.review.store import ReviewStore
from serving.state.store import StateStore

logger = logging.getLogger("voicesearch.automation")

OPEN: Final = (State.FIRING, State.ACKNOWLEDGED, State.SILENCED)
"""What people did with an alarm does not matter as long as it goes on."""


class Upkeep:
    """The automation of one server. `demote`, `refresh` and `drawn` raise what the stores raise."""

    def __init__(
        self,
        degrees: Degrees,
        state: StateStore,
        alarms: AlarmStore,
        settings: AutomationSettings,
        *,
        champion: Callable[[], str],
    ) -> None:
        """`champion` names the variant whose confidences are held against thresholds."""
        self.degrees = degrees
        self._state, self._alarms, self._settings = state, alarms, settings
        self._champion = champion
        self.places = Places(max_backlog=settings.max_backlog, daily_budget=settings.daily_budget)

    @property
    def room(self) -> Room:
        """What people can take now."""
        return self.places.room

    @property
    def variant(self) -> str:
        """Whose confidences are held against thresholds now."""
        return self._champion()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow what is decided and do what is due, until the block ends."""
        settings = self._settings
        await _first(self.count)
        async with (
            self.degrees.followed(),
            beside(_every(settings.poll_s, self.count)),
            beside(_every(settings.check_every_s, self.demote)),
            beside(_every(settings.refresh_s, self.refresh)),
        ):
            yield

    def count(self, now: float) -> None:
        """See how much people have to do."""
        self.places.read(lambda: read_workload(self._state, now=now, wait_s=self._settings.wait_s))

    def demote(self, now: float) -> None:
        """Classes that serious alarms concern lose a degree; `now` in seconds since 1970 UTC."""
        alarms = [alarm for state in OPEN for alarm in self._alarms.page(state=state, limit=MAX_PAGE)]
        least = least_degree(self._settings.daily_budget)
        for name, alarm in concerned(alarms, self.degrees.all):
            step = partial(demoted, alarm=alarm, now=now, least=least)
            self.degrees.store.change(self.degrees.start_of(name), step)
        self.degrees.refresh()

    def refresh(self, now: float) -> None:
        """Choose the thresholds of the classes anew, and what of the queries below them people can take."""
        self.degrees.refresh()
        below: list[tuple[float, float]] = []
        for state, drawn in self._all_drawn(now):
            if not drawn.confidences:
                continue
            step = partial(look, drawn=drawn, variant=self.variant, now=now)
            after = self.degrees.store.change(self.degrees.start_of(state.traffic_class), step)
            if after.degree is Degree.PARTIAL:
                top = np.inf if after.threshold is None else after.threshold
                pairs = zip(drawn.confidences, drawn.queries_a_day, strict=True)
                below += [(sure, queries) for sure, queries in pairs if sure < top]
        columns = np.array(below, float).reshape(-1, 2)
        self.places.cut = cut_of(columns[:, 0], columns[:, 1], daily_budget=self._settings.daily_budget)
        self.degrees.refresh()

    def drawn(self, traffic_class: str, now: float) -> Drawn:
        """What was drawn for review of a class, and judged."""
        found = {state.traffic_class: drawn for state, drawn in self._all_drawn(now)}
        return found.get(traffic_class, Drawn())

    def _all_drawn(self, now: float) -> Sequence[tuple[ClassState, Drawn]]:
        days = self._settings.window_days
        items = list(ReviewStore(self._state).every(since=now - days * DAY_S if days else 0.0))
        span = max((now - min((one.at for one in items), default=now)) / DAY_S, 1.0)
        states = self.degrees.all
        classes = {state.traffic_class for state in states}
        return [
            (state, drawn_of(items, state.traffic_class, variant=self.variant, classes=classes, days=span))
            for state in states
        ]


async def _first(work: Callable[[float], None]) -> None:
    """Before anything is admitted; where that fails, `_every` says so."""
    with suppress(MonitoringError):
        await asyncio.to_thread(work, time.time())


async def _every(interval_s: float, work: Callable[[float], None]) -> None:
    """Work in a thread, again and again; what fails is said once and tried again."""
    problem = ""
    while True:
        try:
            await asyncio.to_thread(work, time.time())
            problem = ""
        except (MonitoringError, ValueError) as error:
            if str(error) != problem:
                logger.warning("automation stays as it is", extra={"problem": str(error)})
            problem = str(error)
        await asyncio.sleep(interval_s)
