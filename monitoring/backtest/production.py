"""The monitor that runs in production, as one of the systems that are compared."""

import copyreg
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from copy import deepcopy
from typing import Final, Self

from datasketches import frequent_strings_sketch, kll_doubles_sketch

from monitoring.backtest.runner import Tick
from monitoring.backtest.scoring import Alarm
from monitoring.findings import Slice
from monitoring.monitor import Monitor

NAME: Final = "monitor"


class Production:
    """See `monitoring.backtest.runner.System`. Each diagnosis is one alarm, when it first comes up."""

    def __init__(self, monitor: Monitor) -> None:
        self.name: Final = NAME
        self._monitor = monitor
        self._open: AbstractSet[Slice] = frozenset()

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Goes on from the same state; the sketches of windows, which raise no alarm, begin empty."""
        for kind in (frequent_strings_sketch, kll_doubles_sketch):
            copyreg.pickle(kind, _written)
        memo[id(self._monitor.windows)] = self._monitor.windows.emptied()
        copied = type(self)(deepcopy(self._monitor, memo))
        copied._open = frozenset(self._open)
        return copied

    def learn(self, tick: Tick) -> None:
        """See `System`. What is diagnosed while it learns is open when the stream begins, and no new alarm."""
        self._open = self._diagnosed(tick).keys()

    def update(self, tick: Tick) -> list[Alarm]:
        """See `System`."""
        found, at_s = self._diagnosed(tick), float(tick.columns.at.max(initial=0.0))
        new = [Alarm(at_s=at_s, slice=which, signal=found[which]) for which in found.keys() - self._open]
        self._open = found.keys()
        return new

    def _diagnosed(self, tick: Tick) -> dict[Slice, str]:
        """The slices that are diagnosed after a tick, each with the signal that moved most."""
        self._monitor.take(tick.columns)
        now = float(tick.columns.at.max(initial=0.0))
        return {one.slice: one.findings[0].signal for one in self._monitor.check(now)}


def _written(sketch: frequent_strings_sketch | kll_doubles_sketch) -> tuple[Callable[..., object], tuple[bytes]]:
    return type(sketch).deserialize, (sketch.serialize(),)
