"""Outcomes at equal inputs: what an outcome would be if the inputs were what they always were.

Inputs are divided into strata (thirds of a number, yes and no of a share). The mean outcome of each stratum is learnt
from the first values, then kept. Of a number the difference from it is watched like any signal. A yes-or-no is thinned:
where such inputs give more yes than all do, some are made no, and the other way round, so that its share is that
of all events in every stratum. If only the inputs drift, these stay where they were; if the relation drifts
(a worse model, other users), they move. Outcomes that are concluded
later, from what the user did, are joined with the inputs of their request.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.columns import Columns, Values
from monitoring.events import Event, SignalValue
from monitoring.histogram import Histogram
from monitoring.signals.signal import Signal

SUFFIX: Final = "_at_equal_input"
UNKNOWN: Final = -1
LEVELS: Final = 4
"""Of an input: low, middle, high, and not known."""
_PRIOR: Final = 10.0
"""So many events of any stratum count as much as a stratum's own."""
_FEW: Final = 50.0
"""Values of a stratum that do not tell what its inputs give."""
_GOLDEN: Final = (5**0.5 - 1) / 2
"""Its multiples, less their whole parts, fill the range from 0 to 1 evenly, and are the same again after a restart."""
LEARN_FROM: Final = 10_000
"""Values of an outcome before its means are complete."""
_REMEMBERED: Final = 50_000
"""Requests whose inputs wait for what their users do."""


class Relation:
    """Learns what inputs give, and adds to each batch what is left of its outcomes."""

    STATE: ClassVar[tuple[str, ...]] = ("_sums", "_n", "_strata", "_drawn")

    def __init__(self, signals: Sequence[Signal], inputs: Sequence[str], outcomes: Sequence[str]) -> None:
        place = {signal.name: i for i, signal in enumerate(signals)}
        self._inputs = [place[name] for name in inputs if name in place]
        self._outcomes = [place[name] for name in outcomes if name in place]
        self.residuals: Final = tuple(_residual(signals[i]) for i in self._outcomes) if self._inputs else ()
        """The signals that are added, in the order of their columns."""
        strata = LEVELS ** len(self._inputs)
        self._sums = np.zeros((strata, len(self._outcomes)))
        self._n = np.zeros((strata, len(self._outcomes)))
        self._strata: OrderedDict[str, int] = OrderedDict()
        self._drawn = 0
        self._is_rate = np.array([signals[i].is_rate for i in self._outcomes], np.bool_)

    def extend(self, columns: Columns, histogram: Histogram) -> Columns:
        """The batch with a column for each residual; NaN where inputs or outcome are not known, or still learnt."""
        if not self.residuals:
            return columns
        strata = self._of_requests(columns, self._stratum(columns.values, histogram))
        outcomes = columns.values[:, self._outcomes]
        known = (strata != UNKNOWN)[:, None] & ~np.isnan(outcomes)
        complete = self._n.sum(axis=0) >= LEARN_FROM
        overall = self._sums.sum(axis=0) / np.maximum(self._n.sum(axis=0), 1)
        expected = (self._sums + _PRIOR * overall) / (self._n + _PRIOR)
        told = known & complete & (self._n[strata] >= _FEW)
        left = np.where(self._is_rate, self._thinned(outcomes, expected[strata], overall), outcomes - expected[strata])
        residuals = np.where(told, left, np.nan)
        rows, which = np.nonzero(known & ~complete)
        np.add.at(self._sums, (strata[rows], which), outcomes[rows, which])
        np.add.at(self._n, (strata[rows], which), 1.0)
        return replace(columns, values=np.hstack([columns.values, residuals]))

    def _thinned(self, yes: Values, expected: Values, overall: NDArray[np.float64]) -> Values:
        """Yes and no, of which `expected` should be yes, made so that `overall` should be."""
        drawn = (self._drawn + np.arange(1, len(yes) + 1)) * _GOLDEN % 1
        self._drawn += len(yes)
        with np.errstate(divide="ignore", invalid="ignore"):
            kept = np.nan_to_num(overall / expected, nan=1.0)
            added = (overall - expected) / (1 - expected)
        return (drawn[:, None] < np.where(yes == 1, kept, added)).astype(np.float64)

    def _stratum(self, values: Values, histogram: Histogram) -> NDArray[np.int64]:
        """Shape (events,); `UNKNOWN` where no input is known, or their bins are not."""
        stratum = np.zeros(len(values), np.int64)
        known = np.zeros(len(values), np.bool_)
        for signal in self._inputs:
            edges, column = histogram.edges.get(signal), values[:, signal]
            if edges is None:
                return np.full(len(values), UNKNOWN)
            thirds = edges[[len(edges) // 3, 2 * len(edges) // 3]] if len(edges) > 1 else edges
            level = np.where(np.isnan(column), LEVELS - 1, np.searchsorted(thirds, column))
            stratum = stratum * LEVELS + level
            known |= ~np.isnan(column)
        return np.where(known, stratum, UNKNOWN)

    def _of_requests(self, columns: Columns, strata: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows without inputs take those of their request, if it was seen."""
        found = strata.tolist()
        for row, (request_id, stratum) in enumerate(zip(columns.request_ids, found, strict=True)):
            if stratum != UNKNOWN:
                self._strata[request_id] = stratum
            else:
                found[row] = self._strata.get(request_id, UNKNOWN)
        while len(self._strata) > _REMEMBERED:
            self._strata.popitem(last=False)
        return np.array(found, dtype=np.int64)


def _residual(outcome: Signal) -> Signal:
    about = f"{outcome.about.removesuffix('.')}, if the inputs were as always."
    return replace(outcome, name=outcome.name + SUFFIX, about=about, read=_nothing)


def _nothing(_: Event) -> SignalValue:
    """Residuals are computed, not read."""
    return None
