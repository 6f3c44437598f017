"""A batch of events as arrays: one row for each event, one column for each signal.

Everything behind it works on columns, so its cost is that of numpy, not of Python. Knows no slice and no window.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.events import Event, SignalValue
from monitoring.signals.signal import FieldReader, Signal

logger = logging.getLogger(__name__)

Values = NDArray[np.float64]
"""Shape (events, signals); 0 and 1 for yes and no, NaN where a signal does not apply or is not known."""
LARGEST: Final = 1e30
"""What is beyond it is no measurement; sums of such values would overflow."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A batch. Rows are in the order of kinds, within a kind in the order of arrival."""

    at: NDArray[np.float64]
    """Shape (events,), seconds since 1970 UTC."""
    values: Values
    request_ids: tuple[str, ...]
    slices: tuple[Mapping[str, str], ...]

    def __len__(self) -> int:
        return len(self.at)


class ColumnReader:
    """Reads signals out of events. A reader that raises, or gives what is no number, costs only its own value."""

    STATE: ClassVar[tuple[str, ...]] = ("failures",)

    def __init__(self, signals: Sequence[Signal]) -> None:
        names = [signal.name for signal in signals]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two signals are named {min(twice)}")
        self.signals: Final = tuple(signals)
        self._rates = [i for i, signal in enumerate(signals) if signal.is_rate]
        self.failures: dict[str, int] = {}
        """How many values of each signal were unreadable, infinite, or neither yes nor no, where it is known."""

    def read(self, events: Sequence[Event]) -> Columns:
        """The batch as columns."""
        ordered = sorted(events, key=_kind) if len({event.kind for event in events}) > 1 else list(events)
        values = np.full((len(ordered), len(self.signals)), np.nan)
        start = 0
        for kind, alike in groupby(ordered, key=_kind):
            rows = list(alike)
            wanted = [i for i, signal in enumerate(self.signals) if not signal.kinds or kind in signal.kinds]
            if wanted:
                values[start : start + len(rows), wanted] = self._block(rows, wanted)
            start += len(rows)
        self._strike_out(values)
        return Columns(
            at=np.array([event.at for event in ordered], dtype=np.float64),
            values=values,
            request_ids=tuple(event.request_id for event in ordered),
            slices=tuple(event.slices for event in ordered),
        )

    def _block(self, rows: Sequence[Event], wanted: Sequence[int]) -> Values:
        readers = [self.signals[i].read for i in wanted]
        try:
            signals = [event.signals for event in rows]
            block = [_column(read, rows, signals) for read in readers]
            return np.array(block, dtype=np.float64).reshape(len(wanted), len(rows)).T
        except Exception:  # of a reader that its user wrote: find out which, and go on without its value
            return np.array([[self._patiently(self.signals[i], event) for event in rows] for i in wanted]).T

    def _patiently(self, signal: Signal, event: Event) -> float:
        try:
            value = signal.read(event)
            return np.nan if value is None else float(value)
        except Exception as error:
            if signal.name not in self.failures:
                logger.warning("the signal %s cannot be read from %s: %r", signal.name, event.event_id, error)
            self._count(signal.name, 1)
            return np.nan

    def _strike_out(self, values: Values) -> None:
        """In place: what is infinite or absurdly large, and a yes-or-no that is neither."""
        odd = np.abs(values) > LARGEST
        odd[:, self._rates] |= ~np.isin(values[:, self._rates], (0.0, 1.0)) & ~np.isnan(values[:, self._rates])
        if odd.any():
            for signal, count in zip(self.signals, odd.sum(axis=0).tolist(), strict=True):
                self._count(signal.name, count)
            values[odd] = np.nan

    def _count(self, name: str, failures: int) -> None:
        if failures:
            self.failures[name] = self.failures.get(name, 0) + failures


def _column(
    read: Callable[[Event], SignalValue], rows: Sequence[Event], signals: Sequence[Mapping[str, SignalValue]]
) -> list[SignalValue]:
    if isinstance(read, FieldReader):
        name = read.name
        return [one.get(name) for one in signals]
    return [read(event) for event in rows]


def _kind(event: Event) -> str:
    return event.kind
