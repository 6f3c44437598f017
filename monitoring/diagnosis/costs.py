"""What a fault costs: outcomes in the slice since the change, and elsewhere at the same time. Pure functions."""

from collections.abc import Sequence

from monitoring.diagnosis.evidence import Evidence
from monitoring.findings import FLEET, Cost, Slice


def costs_of(which: Slice, outcomes: Sequence[str], evidence: Evidence) -> tuple[Cost, ...]:
    """For each outcome that is known there and elsewhere; nothing for all events, which have no elsewhere."""
    here, everything = evidence.place(which), evidence.place(FLEET)
    if here is None or everything is None or here == everything:
        return ()
    costs = []
    for outcome in outcomes:
        column = evidence.signals.index(outcome)
        n, total = evidence.since.n[here, column], evidence.since.n[everything, column]
        inside, sums = evidence.since.sums[here, column], evidence.since.sums[everything, column]
        if n and total > n:
            elsewhere = (sums - inside) / (total - n)
            costs.append(Cost(signal=outcome, here=float(inside / n), elsewhere=float(elsewhere), requests=int(n)))
    return tuple(costs)
