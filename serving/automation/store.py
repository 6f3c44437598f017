"""How classes of traffic are answered, in the database: read, changed one at a time, kept with their history.

Knows SQL; what changes is decided by pure functions that are passed in.
"""

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from serving.automation.record import Change, ClassState, as_json, change_of, state_of
from serving.errors import Conflict
from serving.state.store import StateStore
from serving.state.tables import DEGREE_HISTORY, DEGREES

LONGEST_HISTORY: Final = 1000
"""Lines of a history that are read, the latest ones."""

Step = Callable[[ClassState], tuple[ClassState, Change | None] | None]


class DegreeStore:
    """The classes of one database. Every method raises StoreUnavailable or StoreUnusable where it does not answer."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def every(self) -> dict[str, ClassState]:
        """All classes that were ever changed, by name."""
        with self._state.reading() as connection:
            rows = connection.execute(sa.select(DEGREES).order_by(DEGREES.c.traffic_class))
            return {row.traffic_class: state_of(row.degree) for row in rows}

    def change(self, start: ClassState, step: Step, *, version: int | None = None) -> ClassState:
        """Take a step with a class; the class afterwards.

        `start` is what it is where it was never changed. `version` is what whoever wants the step believes the present
        version to be. Raises Conflict where it is not, and what the step raises; then nothing has changed. A step that
        is None leaves all as it is.
        """
        with self._state.changing() as connection:
            row = connection.execute(_row(start.traffic_class)).first()
            present = state_of(row.degree) if row else start
            if version is not None and version != present.version:
                raise Conflict(
                    f"{present.traffic_class!r} was changed meanwhile: it is at version {present.version}, "
                    f"{present.degree}, and not at {version}",
                    "version",
                )
            taken = step(present)
            if taken is None:
                return present
            after, change = taken
            _keep(connection, after, is_new=row is None)
            if change is not None:
                line = {"traffic_class": change.traffic_class, "at": change.at, "entry": as_json(change)}
                connection.execute(sa.insert(DEGREE_HISTORY).values(line))
            return after

    def history(self, traffic_class: str) -> list[Change]:
        """What happened to the class, in order; the latest `LONGEST_HISTORY` lines."""
        lines = sa.select(DEGREE_HISTORY.c.entry).where(DEGREE_HISTORY.c.traffic_class == traffic_class)
        newest = lines.order_by(DEGREE_HISTORY.c.number.desc()).limit(LONGEST_HISTORY)
        with self._state.reading() as connection:
            return [change_of(row.entry) for row in connection.execute(newest)][::-1]


def _row(traffic_class: str) -> sa.Select[tuple[object]]:
    return sa.select(DEGREES.c.degree).where(DEGREES.c.traffic_class == traffic_class)


def _keep(connection: sa.Connection, state: ClassState, *, is_new: bool) -> None:
    values = {"version": state.version, "degree": as_json(state)}
    if is_new:
        connection.execute(sa.insert(DEGREES).values(traffic_class=state.traffic_class, **values))
    else:
        connection.execute(sa.update(DEGREES).where(DEGREES.c.traffic_class == state.traffic_class).values(values))
