"""The latest rows, whole: where examples for an alarm come from. A ring of fixed size."""

from typing import ClassVar, Final

import numpy as np

from monitoring.columns import Columns
from monitoring.scores import Direction
from monitoring.slices import Codes


class Recent:
    """The last `size` rows of columns, with their slices."""

    STATE: ClassVar[tuple[str, ...]] = ("_values", "_codes", "_at", "_ids", "_next")

    def __init__(self, signals: int, combinations: int, *, size: int = 20_000) -> None:
        self.size: Final = size
        self._values = np.full((size, signals), np.nan, np.float32)
        self._codes = np.full((size, combinations), -1, np.int32)
        self._at = np.full(size, -np.inf)
        self._ids: list[str] = [""] * size
        self._next = 0

    def add(self, columns: Columns, codes: Codes) -> None:
        """Keep a batch in place of the oldest rows."""
        first = max(0, len(columns) - self.size)
        places = (self._next + np.arange(len(columns) - first)) % self.size
        self._values[places] = columns.values[first:]
        self._codes[places] = codes[first:]
        self._at[places] = columns.at[first:]
        for place, request_id in zip(places.tolist(), columns.request_ids[first:], strict=True):
            self._ids[place] = request_id
        self._next = (self._next + len(places)) % self.size

    def examples(
        self, code: int, signal: int, direction: Direction, *, since: float, count: int = 5
    ) -> tuple[str, ...]:
        """Requests of a slice since a time that show best how the signal moved, each once."""
        rows = np.flatnonzero(self._codes == code) // self._codes.shape[1]  # a slice comes once in a row
        rows = rows[self._at[rows] >= since]
        values = self._values[rows, signal]
        rows, values = rows[~np.isnan(values)], values[~np.isnan(values)]
        upwards = direction in (Direction.UP, Direction.HIGH)
        best = rows[np.argsort(-values if upwards else values, kind="stable")]
        return tuple(dict.fromkeys(self._ids[row] for row in best[: 4 * count]))[:count]

    def forget(self, code: int) -> None:
        """The slice's number means another slice from now on."""
        self._codes[self._codes == code] = -1
