"""Of several replicas one watches: a row that says who, and until when, by the clock of the database.

The owner has to renew it. One that was cut off or stopped for longer than that may find another in its place, and
is told so before it writes anything.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monitoring.errors import LeaseLost
from monitoring.store import EventStore
from monitoring.tables import LEASES


class Lease:
    """The right to do the one thing that `name` says, as `owner` sees it."""

    def __init__(self, store: EventStore, name: str, *, owner: str, lasts_s: float = 30.0) -> None:
        self.name = name
        self.owner = owner
        self.lasts_s = lasts_s
        self._store = store

    def take(self) -> bool:
        """Take it, or renew it; False if another owner has it."""
        with self._store.transaction() as connection:
            now = database_time(connection)
            new = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            row = {"name": self.name, "owner": self.owner, "expires_at": now + self.lasts_s}
            statement = new(LEASES).values(row)
            taken = statement.on_conflict_do_update(
                index_elements=["name"],
                set_={"owner": statement.excluded.owner, "expires_at": statement.excluded.expires_at},
                where=(LEASES.c.owner == self.owner) | (LEASES.c.expires_at <= now),
            )
            connection.execute(taken)
            holder = sa.select(LEASES.c.owner).where(LEASES.c.name == self.name)
            owner: str | None = connection.execute(holder).scalar_one_or_none()
            return owner == self.owner

    def confirm(self, connection: sa.Connection) -> None:
        """Renew it within a transaction, which nobody can then overtake. Raises LeaseLost if another has it."""
        mine = (LEASES.c.name == self.name) & (LEASES.c.owner == self.owner)
        renewed = sa.update(LEASES).where(mine).values(expires_at=database_time(connection) + self.lasts_s)
        if connection.execute(renewed).rowcount != 1:
            raise LeaseLost(f"{self.owner} does not hold the lease of {self.name} any more")

    def give_back(self) -> None:
        """Let others have it at once."""
        with self._store.transaction() as connection:
            mine = (LEASES.c.name == self.name) & (LEASES.c.owner == self.owner)
            connection.execute(sa.delete(LEASES).where(mine))


def database_time(connection: sa.Connection) -> float:
    """Seconds since 1970 UTC by the clock of the database, so that the replicas' own clocks may differ."""
    if connection.dialect.name == "postgresql":
        now = "SELECT extract(epoch FROM clock_timestamp())::double precision"
    else:
        now = "SELECT (julianday('now') - 2440587.5) * 86400.0"
    return float(connection.execute(sa.text(now)).scalar_one())
