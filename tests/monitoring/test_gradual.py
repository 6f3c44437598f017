from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from monitoring.gradual import Creep, GradualDetector
from monitoring.histogram import Histogram
from monitoring.reference import Reference
from monitoring.shift import Shift, ShiftDetector
from monitoring.signals.signal import Signal
from monitoring.slices import SliceTable
from tests.monitoring.watching import FAILED, SIZE, Array, tally_of

PANE_S, DAY_S, HOUR_S = 1_800.0, 86_400.0, 3_600.0
DEVICES = 4
LEARNT = 48
"""Hours from which a reference that does not go on learning has learnt."""
Draw = Callable[[Generator, float, int, int], Array]
"""Values of a device: a generator, hours since the start, the device's number, how many."""


class Watch:
    """All events and four devices of one signal, as a monitor would feed them, half-hour by half-hour."""

    def __init__(
        self, signal: Signal, draw: Draw, *, per_hour: int = 1_000, seed: int = 1, learning: bool = True
    ) -> None:
        self.rng, self.draw, self.n = default_rng(seed), draw, per_hour // 2
        self.table = SliceTable([(), ("device",)], limit=DEVICES + 2)
        self.codes, _ = self.table.codes([{"device": str(i)} for i in range(DEVICES) for _ in range(self.n)])
        self.histogram = Histogram([signal])
        self.histogram.bin_numbers(self.values(0.0)[:, None])
        self.reference = Reference(self.table, self.histogram, pane_s=PANE_S)
        self.shifts = ShiftDetector([signal], slices=DEVICES + 2, combinations=2)
        self.gradual = GradualDetector(self.histogram, slices=DEVICES + 2, window_s=DAY_S)
        self.learning = learning
        self.hour = 0.0

    def values(self, hour: float) -> Array:
        return np.concatenate([self.draw(self.rng, hour, i, self.n) for i in range(DEVICES)])

    def run(self, hours: float) -> tuple[dict[int, tuple[float, Creep]], list[Shift]]:
        """When each slice was first found to creep, in hours since the start; and all shifts at the end."""
        found: dict[int, tuple[float, Creep]] = {}
        for hour in np.arange(self.hour, self.hour + hours, 0.5).tolist():
            self.hour = hour
            part = tally_of(self.histogram, self.values(self.hour), self.codes)
            part = replace(part, at=self.hour * HOUR_S)
            if self.learning or self.hour <= LEARNT:
                self.reference.learn(self.shifts.calm() & self.gradual.calm())
                self.shifts.expect(self.reference.expected(part.at))
            self.reference.add(int(part.at // PANE_S), part)
            self.shifts.update(part, began=part.at)
            self.gradual.update(part, self.shifts.expected)
            for creep in self.gradual.creeps():
                found.setdefault(creep.code, (self.hour, creep))
        self.hour += 0.5
        return found, self.shifts.shifts()


def share(p: Callable[[float, int], float]) -> Draw:
    return lambda rng, hour, device, n: (rng.random(n) < p(hour, device)).astype(float)


def normal(mean: Callable[[float, int], float]) -> Draw:
    return lambda rng, hour, device, n: rng.normal(mean(hour, device), 1.0, n)


def ramp(hour: float, *, start: float, length: float) -> float:
    return min(max((hour - start) / length, 0.0), 1.0)


def test_a_share_that_creeps_up_over_two_days_is_found_where_it_does() -> None:
    """From 2 % to 3 % in one of four devices."""
    watch = Watch(FAILED, share(lambda hour, device: 0.02 + 0.01 * ramp(hour, start=72, length=48) * (device == 1)))
    assert watch.run(72) == ({}, [])
    found, _ = watch.run(48)
    assert found == {}
    found, _ = watch.run(24)
    assert list(found) == [2]
    _, creep = found[2]
    assert creep.signal == 0
    assert 48 <= creep.since / HOUR_S <= 120
    assert 0.027 < creep.after < 0.033
    assert creep.n == 24_000
    assert creep.evidence > 1


def test_a_number_that_creeps_is_found() -> None:
    """A fiftieth of its standard deviation each hour."""
    watch = Watch(SIZE, normal(lambda hour, device: 0.02 * max(hour - 72, 0.0) * (device == 1)))
    assert watch.run(72) == ({}, [])
    found, _ = watch.run(36)
    assert list(found) == [2]
    hour, creep = found[2]
    assert hour <= 108
    assert 0.1 < creep.after < 0.6


QUIET = {
    "a share": (FAILED, share(lambda hour, device: 0.02)),
    "a number": (SIZE, normal(lambda hour, device: 0.0)),
    "shares that differ": (FAILED, share(lambda hour, device: (0.005, 0.02, 0.3, 0.9)[device])),
    "numbers that differ": (SIZE, normal(lambda hour, device: 2.0 * device)),
    "a share by day": (FAILED, share(lambda hour, device: 0.05 + 0.02 * np.sin(hour * np.pi / 12))),
    "a number by day": (SIZE, normal(lambda hour, device: 0.25 * np.sin(hour * np.pi / 12))),
    "a share by the day of each": (FAILED, share(lambda h, d: 0.05 + 0.01 * np.sin((h + 6 * d) * np.pi / 12))),
    "a number by the day of each": (SIZE, normal(lambda h, d: 0.15 * np.sin((h + 6 * d) * np.pi / 12))),
    "always the same": (SIZE, lambda rng, hour, device, n: np.full(n, 5.0)),
}


@pytest.mark.parametrize(("signal", "draw"), QUIET.values(), ids=QUIET)
def test_what_does_not_creep_is_quiet(signal: Signal, draw: Draw) -> None:
    watch = Watch(signal, draw)
    found, _ = watch.run(120)
    assert found == {}
    assert watch.gradual.calm().all()


@pytest.mark.parametrize(
    ("signal", "draw"),
    [
        (FAILED, share(lambda hour, device: 0.02 + 0.002 * (hour > 36))),
        (SIZE, normal(lambda hour, device: 0.08 * (hour > 36))),
    ],
    ids=["share", "number"],
)
def test_differences_that_do_not_matter_are_quiet_in_samples_of_any_size(signal: Signal, draw: Draw) -> None:
    found, _ = Watch(signal, draw, per_hour=16_000).run(84)
    assert found == {}


def test_it_must_differ_twice_running_and_is_over_when_it_is_back() -> None:
    watch = Watch(FAILED, share(lambda hour, device: 0.1 if 48 <= hour < 96 else 0.05), learning=False)
    assert watch.run(54)[0] == {}
    assert watch.gradual.calm().all()
    seen = []
    for _ in range(16):
        watch.run(6)
        seen.append((bool(watch.gradual.calm()[0, 0]), [creep.code for creep in watch.gradual.creeps()]))
    first = next(i for i, (calm, _) in enumerate(seen) if not calm)
    assert 0 not in seen[first][1]
    assert 0 in seen[first + 1][1]
    assert seen[first + 3][1] == list(range(DEVICES + 1))
    assert seen[-1] == (True, [])


def test_a_window_with_a_gap_before_it_begins_anew() -> None:
    watch = Watch(FAILED, share(lambda hour, device: 0.05 if hour < 48 else 0.5), learning=False)
    watch.run(60)
    assert not watch.gradual.calm().all()
    watch.hour += 48
    watch.run(48)
    assert watch.gradual.calm().all()
    watch.run(12)
    assert len(watch.gradual.creeps()) == DEVICES + 1


def test_a_forgotten_slice_begins_anew_and_the_others_stay() -> None:
    watch = Watch(FAILED, share(lambda hour, device: 0.05 if hour < 48 else 0.2), learning=False)
    watch.run(66)
    assert [creep.code for creep in watch.gradual.creeps()] == [0, 1, 2, 3, 4]
    watch.gradual.forget(2)
    assert [creep.code for creep in watch.gradual.creeps()] == [0, 1, 3, 4]
    assert watch.gradual.calm()[2].all()
    watch.run(6)
    assert 2 not in [creep.code for creep in watch.gradual.creeps()]


def test_too_few_values_are_not_judged() -> None:
    watch = Watch(FAILED, share(lambda hour, device: 0.05 if hour < 144 else 0.9), per_hour=4, learning=False)
    assert watch.run(192)[0] == {}
