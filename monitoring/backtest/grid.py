"""One scalar detector for each signal of each slice: how detectors that know neither are put to work on a stream.

Reference values are learnt for each pair; a pair is watched from when enough of it was seen. Knows no detector.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitoring.backtest.runner import Tick
from monitoring.backtest.scoring import Alarm
from monitoring.findings import FLEET, Slice
from monitoring.signals.signal import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """What a signal was in a slice while all was well."""

    mean: float
    deviation: float
    low: float
    """0.1 % of values are below."""
    high: float
    is_rate: bool


class Watch(Protocol):
    """Any detector of numbers: it takes one, and says whether they have moved."""

    def __call__(self, value: float) -> bool:
        """Take the next value; after an alarm it begins anew."""


Make = Callable[[Normal], Watch]


class Grid:
    """Detectors of one kind over slices of single fields and signals; see `monitoring.backtest.runner.System`."""

    def __init__(
        self,
        name: str,
        make: Make,
        signals: Sequence[Signal],
        watched: Sequence[str],
        *,
        fields: Sequence[str],
        warm_up: int = 400,
    ) -> None:
        """`watched` names the signals that get a detector, `fields` the slices besides everything."""
        columns = {signal.name: number for number, signal in enumerate(signals)}
        self.name = name
        self._make, self._fields, self._warm_up = make, tuple(fields), warm_up
        self._watched = [(columns[one], signals[columns[one]]) for one in watched]
        self._learnt: dict[tuple[Slice, int], list[NDArray[np.float64]]] = {}
        self._watches: dict[tuple[Slice, int], Watch | None] = {}

    def learn(self, tick: Tick) -> None:
        """See `System`."""
        for which, rows in self._slices(tick):
            for column, _ in self._watched:
                values = tick.columns.values[rows, column]
                self._learnt.setdefault((which, column), []).append(values[~np.isnan(values)])

    def update(self, tick: Tick) -> list[Alarm]:
        """See `System`."""
        at_s, alarms = float(tick.columns.at.max(initial=0.0)), []
        for which, rows in self._slices(tick):
            for column, signal in self._watched:
                watch = self._watch(which, column, is_rate=signal.is_rate)
                values = tick.columns.values[rows, column]
                if watch and sum(map(watch, values[~np.isnan(values)].tolist())):
                    alarms.append(Alarm(at_s=at_s, slice=which, signal=signal.name))
        return alarms

    def _slices(self, tick: Tick) -> list[tuple[Slice, NDArray[np.int64]]]:
        """The slices of a tick with their rows."""
        found: list[tuple[Slice, NDArray[np.int64]]] = [(FLEET, np.arange(len(tick.columns)))]
        for field in self._fields:
            rows: dict[str, list[int]] = {}
            for number, slices in enumerate(tick.columns.slices):
                if (value := slices.get(field)) is not None:
                    rows.setdefault(value, []).append(number)
            found += [(((field, value),), np.array(numbers)) for value, numbers in rows.items()]
        return found

    def _watch(self, which: Slice, column: int, *, is_rate: bool) -> Watch | None:
        """The pair's detector; None where too little was seen of it."""
        pair = (which, column)
        if pair not in self._watches:
            values = np.concatenate(self._learnt.pop(pair, [np.empty(0)]))
            enough = len(values) >= self._warm_up
            self._watches[pair] = self._make(_normal(values, is_rate=is_rate)) if enough else None
        return self._watches[pair]


def _normal(values: NDArray[np.float64], *, is_rate: bool) -> Normal:
    low, high = (float(one) for one in np.quantile(values, [0.001, 0.999]))
    return Normal(mean=float(values.mean()), deviation=float(values.std()), low=low, high=high, is_rate=is_rate)
