"""What diagnosis looks at: every slice's totals since the change, beside what was expected of it. Pure arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.findings import FLEET, Slice
from monitoring.panes import Totals


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The same time for all slices and signals."""

    slices: Sequence[Slice]
    signals: Sequence[str]
    since: Totals
    """Since the change, shape (slices, signals)."""
    expected: NDArray[np.float64]
    """Means that were expected, shape (slices, signals)."""
    usual: NDArray[np.float64]
    """Values in the reference, shape (slices, signals)."""

    gains: NDArray[np.float64]
    """Log likelihood that a shift gains over none, shape (slices, signals); 0 where nothing speaks for one."""

    def place(self, which: Slice) -> int | None:
        """The slice's row; None if it is not known."""
        return next((i for i, one in enumerate(self.slices) if one == which), None)

    def excess(self, signal: str) -> NDArray[np.float64]:
        """Sum since the change over what such as many values should have given, shape (slices,); 0 where unknown."""
        column = self.signals.index(signal)
        over = self.since.sums[:, column] - self.since.n[:, column] * self.expected[:, column]
        return np.nan_to_num(over)

    def gain(self, signal: str) -> NDArray[np.float64]:
        """Of one signal, shape (slices,)."""
        return self.gains[:, self.signals.index(signal)]

    def share(self, signal: str) -> NDArray[np.float64]:
        """Each slice's part of all values of the signal since the change, shape (slices,)."""
        n = self.since.n[:, self.signals.index(signal)]
        everything = self.place(FLEET)
        total = n[everything] if everything is not None else n.max(initial=0.0)
        return np.asarray(n / total if total else np.zeros_like(n))
