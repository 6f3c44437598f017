"""Streams for a backtest: a reference of calm traffic, and streams that go on from it, with a drift or without.

Knows no detector.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import numpy as np

from data_pipeline.traffic.drifts import Planted
from data_pipeline.traffic.stream import HOUR_S, Traffic
from data_pipeline.traffic.views import ColumnView, SliceNames
from monitoring.backtest.runner import Course, Stream, Tick

TICK_REQUESTS: Final = 200
QUIET_HOURS: Final = 0.25
"""Before a drift begins."""

Plant = Callable[[float], Planted]
"""Tells the drift that begins at a time, in seconds since 1970 UTC."""


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Some hours of traffic, in ticks of `TICK_REQUESTS` requests with what falls between them."""

    traffic: Traffic
    view: ColumnView
    first_hour: int
    hours: int

    def __call__(self) -> Iterator[Tick]:
        """Anew, and the same each time."""
        names = SliceNames(self.traffic)
        for block in islice(self.traffic.hours(self.first_hour), self.hours):
            seen = np.cumsum(self.view.is_request(block))
            edges = np.searchsorted(seen, np.arange(TICK_REQUESTS, seen[-1] if len(seen) else 0, TICK_REQUESTS))
            for start, end in zip([0, *edges], [*edges, len(block)], strict=True):
                yield self.view.tick(block[start:end], self.traffic, names)


def course(
    traffic: Traffic, view: ColumnView, planned: Sequence[tuple[Plant | None, int]], *, reference_hours: int
) -> Course:
    """Calm hours of `traffic`, and for each drift a stream of so many hours that goes on; None plants nothing.

    Each begins an hour later than the one before, so that the drifts come at all times of the day.
    """
    streams = []
    for number, (plant, hours) in enumerate(planned, 1):
        first = reference_hours + number % 24
        planted = plant(traffic.start_s + (first + QUIET_HOURS) * HOUR_S) if plant else None
        changed = replace(traffic, drifts=(planted,) if planted else (), seed=traffic.seed * 100_000 + number)
        streams.append(Stream(Ticks(changed, view, first, hours), planted.truth if planted else None))
    return Course(Ticks(replace(traffic, seed=traffic.seed * 100_000), view, 0, reference_hours), tuple(streams))
