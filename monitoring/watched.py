"""What the monitor must be told of the service that it watches; `monitoring.signals.voice` tells it of voice search."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from monitoring.findings import Diagnosis
from monitoring.signals.signal import Signal

Remarks = Callable[[Diagnosis, Collection[str]], tuple[str, ...]]
"""Further evidence in words, from a diagnosis and the names of all signals that are not calm in its slice."""


def _no_remarks(_: Diagnosis, __: Collection[str]) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One kind of service."""

    signals: tuple[Signal, ...]
    combinations: tuple[tuple[str, ...], ...] = ((),)
    """Fields whose combinations are slices; the first must be the empty one, which is all events."""
    inputs: tuple[str, ...] = ()
    """Signals of the input by which outcomes are compared at equal input; few, since they are crossed."""
    outcomes: tuple[str, ...] = ()
    """Signals that tell how good the service is."""
    paced_by: str | None = None
    """Field of whose slices it is measured how fast their inputs change; its slices must be watched."""
    remarks: Remarks = _no_remarks
