"""Many streams side by side, to measure how often and how soon a detector of shifts finds one."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator, default_rng

from monitoring.histogram import Histogram
from monitoring.reference import Mode, Reference, ReferenceRule
from monitoring.shift import Shift, ShiftDetector
from monitoring.signals.signal import Signal
from monitoring.slices import SliceTable
from tests.monitoring.watching import Array, tally_of

YEARS_H = 1e5

Draw = Callable[[Generator, int], Array]


def share(p: float) -> Draw:
    return lambda rng, n: (rng.random(n) < p).astype(float)


def normal(mean: float, deviation: float = 1.0) -> Draw:
    return lambda rng, n: rng.normal(mean, deviation, n)


class Streams:
    """Many slices side by side, each of which is a stream of its own; slice 0, of all events, is only learnt from."""

    def __init__(
        self, signal: Signal, draw: Draw, *, streams: int = 200, learnt: int = 5_000, run: float = 1e6, seed: int = 1
    ) -> None:
        self.rng = default_rng(seed)
        self.count = streams
        table = SliceTable([(), ("stream",)], limit=streams + 1)
        table.codes([{"stream": str(i)} for i in range(streams)])
        self.histogram = Histogram([signal])
        self.histogram.bin_numbers(draw(self.rng, 20_000)[:, None])
        self.reference = Reference(table, self.histogram, pane_s=300.0, rule=ReferenceRule(mode=Mode.ROLLING))
        for known in (self.reference._restless._hours, self.reference._restless._panes):
            known[:] = YEARS_H  # the guess of how restless signals are is long outweighed
        of_all = np.zeros(streams * learnt, np.int32)
        codes = np.stack([of_all, np.repeat(np.arange(streams) + 1, learnt)], axis=1)
        self.reference.add(0, tally_of(self.histogram, draw(self.rng, len(codes)), codes))
        self.detector = ShiftDetector([signal], slices=streams + 1, combinations=1, requests_per_false_alarm=run)
        self.reference.learn(self.detector.calm())
        self.detector.expect(self.reference.expected(0.0))

    def update(self, values: Array, *, began: float = 0.0) -> None:
        """Values of shape (streams, values of each)."""
        codes = np.repeat(np.arange(len(values)) + 1, values.shape[1])
        self.detector.update(tally_of(self.histogram, values.reshape(-1), codes), began=began)

    def run(self, draw: Draw, n: int, *, each: int = 1, start: int = 0) -> dict[int, tuple[int, Shift]]:
        """Feed `n` values to every stream; when each was first found, in values, and as what. Time is their number."""
        found: dict[int, tuple[int, Shift]] = {}
        for done in range(0, n, each):
            self.update(draw(self.rng, self.count * each).reshape(self.count, each), began=float(start + done))
            for shift in self.detector.shifts():
                found.setdefault(shift.code, (done + each, shift))
            if len(found) == self.count:
                break
        return found

    def moved(self) -> int:
        return len(self.detector.shifts())
