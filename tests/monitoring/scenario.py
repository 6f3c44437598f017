"""A made-up service for scenarios: twelve devices, four app versions, two models; faults are planted by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from monitoring.columns import Columns
from monitoring.findings import Diagnosis, Slice
from monitoring.monitor import Monitor, MonitorRule
from monitoring.signals import signal as signals
from monitoring.signals.signal import Group, Signal, Worse
from monitoring.watched import Watched

CUT: Final = Signal(
    name="cut", about="Cut.", group=Group.INPUT, read=signals.field("cut"), is_rate=True, worse=Worse.HIGHER
)
NOISE: Final = Signal(name="snr_db", about="Noise.", group=Group.INPUT, read=signals.field("snr_db"))
EMPTY: Final = replace(CUT, name="empty", group=Group.OUTPUT, read=signals.field("empty"))
CLICKED: Final = replace(CUT, name="clicked", group=Group.BEHAVIOUR, worse=Worse.LOWER, read=signals.field("clicked"))
MADE_UP: Final = Watched(
    signals=(CUT, NOISE, EMPTY, CLICKED),
    combinations=((), ("device",), ("version",), ("model",), ("device", "version")),
    inputs=("cut", "snr_db"),
    outcomes=("empty", "clicked"),
)
RULE: Final = MonitorRule(max_slices=100)
DEVICES, VERSIONS = 12, 4
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests before their outcome: what a fault may change."""

    device: NDArray[np.int64]
    version: NDArray[np.int64]
    model: NDArray[np.int64]
    cut: NDArray[np.float64]
    """Probability of a cut recording."""
    snr_db: NDArray[np.float64]
    empty: NDArray[np.float64]
    """Probability of an empty transcript that the input does not explain."""
    of: "Service"

    def at(self, which: Slice) -> Mask:
        """Which requests are in the slice."""
        here = np.ones(len(self.device), np.bool_)
        for name, value in which:
            numbers: NDArray[np.int64] = getattr(self, name)
            here &= numbers == int(value[1:])
        return here


Fault = Callable[[Batch], None]
"""Changes a batch in place."""


@dataclass
class Service:
    """Traffic and its monitor."""

    monitor: Monitor = field(default_factory=lambda: Monitor(MADE_UP, rule=RULE))
    seed: int = 1
    per_s: float = 20.0
    devices: list[float] = field(default_factory=lambda: [1.0] * DEVICES)
    """Relative traffic of each device."""
    only_on: dict[int, int] = field(default_factory=dict)
    """Versions that exist on one device only."""

    def __post_init__(self) -> None:
        self.rng, self.now, self.requests = default_rng(self.seed), 1.7e9, 0
        self.levels_db = 20 + 3 * default_rng(0).normal(size=DEVICES)

    def run(self, requests: int, *faults: Fault) -> list[Diagnosis]:
        """Requests with faults; what is wrong afterwards."""
        for _ in range(requests // 1_000):
            self.monitor.take(self.batch(1_000, *faults))
        return self.monitor.check(self.now)

    def batch(self, n: int, *faults: Fault) -> Columns:
        share = np.array(self.devices) / sum(self.devices)
        device, version = self.rng.choice(DEVICES, n, p=share), self.rng.integers(0, VERSIONS, n)
        for new, only in self.only_on.items():
            version = np.where(device == only, np.where(self.rng.random(n) < 0.5, new, version), version)
        snr_db = self.levels_db[device] + self.rng.normal(0, 4, n)
        made = Batch(device, version, self.rng.integers(0, 2, n), np.full(n, 0.03), snr_db, np.full(n, 0.01), self)
        for fault in faults:
            fault(made)
        cut = self.rng.random(n) < made.cut
        empty = self.rng.random(n) < made.empty + 0.15 * cut + 0.1 * (made.snr_db < 12)
        clicked = self.rng.random(n) < np.where(empty, 0.05, 0.5)
        at = self.now + np.arange(n) / self.per_s
        self.now, self.requests = float(at[-1] + 1 / self.per_s), self.requests + n
        named = zip(device.tolist(), version.tolist(), made.model.tolist(), strict=True)
        return Columns(
            at=at,
            values=np.stack([cut, made.snr_db, empty, clicked], axis=1).astype(np.float64),
            request_ids=tuple(str(self.requests - n + i) for i in range(n)),
            slices=tuple({"device": f"d{d}", "version": f"v{v}", "model": f"m{m}"} for d, v, m in named),
        )


def clips(which: Slice, *, share: float = 0.8) -> Fault:
    """Recordings of a slice are cut."""

    def fault(batch: Batch) -> None:
        batch.cut[batch.at(which)] = share

    return fault


def fails(which: Slice, *, share: float) -> Fault:
    """Transcripts of a slice are empty, whatever comes in."""

    def fault(batch: Batch) -> None:
        batch.empty[batch.at(which)] = share

    return fault


def noisier(which: Slice, *, by_db: float) -> Fault:
    """More noise in the recordings of a slice."""

    def fault(batch: Batch) -> None:
        batch.snr_db[batch.at(which)] -= by_db

    return fault
