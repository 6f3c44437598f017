"""A small service for the tests: one share, one number, two fields that its events are compared by."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.events import Event
from monitoring.histogram import Histogram
from monitoring.signals.signal import Group, Signal, Worse, field
from monitoring.slices import Codes
from monitoring.tally import Tally, tally

Array = NDArray[np.float64]

FAILED: Final = Signal(
    name="failed", about="Failures.", group=Group.OUTPUT, read=field("failed"), is_rate=True, worse=Worse.HIGHER
)
SIZE: Final = Signal(name="size_kb", about="Size.", group=Group.INPUT, read=field("size_kb"))
SIGNALS: Final = (FAILED, SIZE)


def event(n: int = 0, *, kind: str = "request", slices: dict[str, str] | None = None, **signals: float | None) -> Event:
    return Event(
        event_id=str(n), request_id=str(n), at=1000.0 + n, kind=kind, slices=slices or {}, signals=dict(signals)
    )


def tally_of(histogram: Histogram, values: Array, codes: NDArray[np.int64] | Codes | int = 0) -> Tally:
    """Values of one signal, or of shape (events, signals), in one slice or in those of each event."""
    table = values.astype(float).reshape(len(values), len(histogram.starts))
    numbers = np.full((len(values), 1), codes) if isinstance(codes, int) else codes.reshape(len(values), -1)
    return tally(0.0, table, numbers.astype(np.int32), histogram)


def taught(values: Array, *signals: Signal) -> Histogram:
    """Bins that were drawn from these values, of shape (events, signals)."""
    histogram = Histogram(signals)
    histogram.bin_numbers(values)
    return histogram
