"""Opens the state in the database of the events: one transaction to look, one at a time to change.

What the tables mean, the packages know that use them.
"""

from pathlib import Path
from typing import Final, Self

from monitoring.database import Schema, connect
from monitoring.transactions import Transactions
from serving.state.tables import VERSION_TABLE

SCHEMA: Final = Schema(Path(__file__).parent / "migrations", VERSION_TABLE)
_LOCK: Final = 0x73746174


class StateStore(Transactions):
    """The state in one database. Threads may share it; it connects, and migrates, on first use."""

    @classmethod
    def open(cls, address: str) -> Self:
        """The state at `sqlite:///path` or `postgresql://...`. Raises StoreUnusable for a bad address."""
        return cls(connect(address), schema=SCHEMA, lock=_LOCK)
