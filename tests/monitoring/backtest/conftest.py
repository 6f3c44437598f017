"""Streams of made-up numbers whose law is known, so that it is known too what a detector must do with them."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from monitoring.backtest.runner import Course, Stream, Tick
from monitoring.backtest.truth import Truth
from monitoring.columns import Columns
from monitoring.findings import Slice
from monitoring.signals.signal import Group, Signal, field

TICK_S = 100.0
SIGNALS = (
    Signal(name="level", about="", group=Group.INPUT, read=field("level")),
    Signal(name="null", about="", group=Group.OUTPUT, read=field("null"), is_rate=True),
)
PHONE: Slice = (("device_model", "phone"),)


def stream(seed: int, *, ticks: int, moves_at: int | None = None) -> Stream:
    """One row a second, one half on each device; the phone's level rises by two deviations with a tick."""

    def made() -> Iterator[Tick]:
        rng = np.random.default_rng(seed)
        for number in range(ticks):
            at = np.arange(TICK_S, dtype=np.float64) + number * TICK_S
            phone = rng.random(len(at)) < 0.5
            level = rng.standard_normal(len(at)) + 2 * phone * (moves_at is not None and number >= moves_at)
            null = (rng.random(len(at)) < 0.1).astype(float)
            slices = tuple({"device_model": "phone" if one else "other"} for one in phone)
            columns = Columns(at, np.stack([level, null], axis=1), tuple(map(str, range(len(at)))), slices)
            yield Tick(columns, np.ones(len(at), bool))

    truth = None if moves_at is None else Truth(name="level", at_s=moves_at * TICK_S, slice=PHONE)
    return Stream(made, truth)


@pytest.fixture
def made_course() -> Callable[..., Course]:
    def made(*, faults: int = 4, calm: int = 0, ticks: int = 40) -> Course:
        moved = tuple(stream(seed, ticks=ticks, moves_at=10) for seed in range(1, 1 + faults))
        quiet = tuple(stream(seed, ticks=ticks) for seed in range(100, 100 + calm))
        return Course(stream(0, ticks=40).ticks, (*moved, *quiet))

    return made
