"""Runs systems over streams: each learns a reference once, and goes on from there through every stream.

A stream comes in ticks of some hundred events, as a service would be looked at; an alarm counts at the end of its tick.
Knows no system and not where streams come from.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitoring.backtest.scoring import Alarm, Trial, judge, names
from monitoring.backtest.truth import Truth
from monitoring.columns import Columns
from monitoring.findings import Slice


@dataclass(frozen=True, slots=True, eq=False)
class Tick:
    """What happened between two looks."""

    columns: Columns
    is_request: NDArray[np.bool_]
    """Which rows are requests, and not what followed from one; shape (events,)."""


class System(Protocol):
    """Anything that watches slices of a stream. It is copied to go through several streams."""

    @property
    def name(self) -> str:
        """As the results call it."""

    def learn(self, tick: Tick) -> None:
        """Take what is known to be normal."""

    def update(self, tick: Tick) -> list[Alarm]:
        """Take what comes next, and say what has changed."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """What a system is judged on."""

    ticks: Callable[[], Iterator[Tick]]
    """Anew with each call, and always the same."""
    truth: Truth | None = None
    """None where nothing changes."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Streams that go on from one reference."""

    reference: Callable[[], Iterator[Tick]]
    streams: tuple[Stream, ...]


def run(system: System, courses: Iterable[Course], *, on_trial: Callable[[], None] = lambda: None) -> list[Trial]:
    """A trial for each stream of each course. A stream with a fault is left once that is found.

    `on_trial` hears when one is over. The system itself is left as it is.
    """
    trials = []
    for course in courses:
        taught = deepcopy(system)
        for tick in course.reference():
            taught.learn(tick)
        for stream in course.streams:
            trials.append(trial(deepcopy(taught), stream))
            on_trial()
    return trials


def trial(system: System, stream: Stream) -> Trial:
    """Let a system go through one stream; it is changed by that."""
    truth, alarms, requests = stream.truth, list[Alarm](), 0
    touched_s: list[NDArray[np.float64]] = []
    for tick in stream.ticks():
        alarms += system.update(tick)
        requests += int(tick.is_request.sum())
        if truth is not None and truth.is_fault:
            touched_s.append(np.sort(tick.columns.at[tick.is_request & within(tick.columns.slices, truth.slice)]))
            if any(one.at_s >= truth.at_s and names(one.slice, truth.slice) for one in alarms):
                break
    seen_s = np.concatenate(touched_s) if touched_s else None
    return judge(alarms, truth, requests=requests, slice_at_s=seen_s)


def within(slices: Sequence[Mapping[str, str]], which: Slice) -> NDArray[np.bool_]:
    """Which events are of a slice."""
    return np.array([all(one.get(field) == value for field, value in which) for one in slices], bool)
