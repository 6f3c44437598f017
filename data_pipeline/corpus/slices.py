"""By which values of a field rows are told apart, as they stream by: a bounded number of values, whatever the field."""

from typing import Final

from data_pipeline.manifest import Row

NO_VALUE: Final = "(none)"
"""Slice of the rows that lack the field."""
OTHERS: Final = "(others)"
"""Slice of all values beyond the first so many."""
MOST: Final = 200
"""Values of one field that get a slice of their own."""


class Slices:
    """The values of one field that have been met."""

    def __init__(self, field: str, most: int = MOST) -> None:
        self.field = field
        self._left = most
        self._known: set[str] = set()

    def of(self, row: Row) -> str:
        """The slice that a row belongs to."""
        value = row.field(self.field) or NO_VALUE
        if value not in self._known and value != NO_VALUE:
            if not self._left:
                return OTHERS
            self._left -= 1
            self._known.add(value)
        return value
