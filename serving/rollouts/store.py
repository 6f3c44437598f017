"""Rollouts, variants and the champion in the database that replicas share; histories are only ever added to.

Knows SQL; what a change is, pure functions say. One change at a time, over all processes. Who changes a rollout may
say which version they saw: where somebody else was first, nothing changes and they are told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from serving.errors import Conflict, NotFound
from serving.rollouts.record import (
    ASSESSMENT,
    CHAMPIONSHIP,
    ENTRY,
    ROLLOUT,
    ROLLOUT_ID,
    Assessment,
    Champion,
    Entry,
    Rollout,
    Standing,
)
from serving.rollouts.steps import described
from serving.state.store import StateStore
from serving.state.tables import CHAMPION, ROLLOUT_ASSESSMENTS, ROLLOUT_HISTORY, ROLLOUTS, VARIANTS
from serving.variants.variant import Variant

MAX_PAGE: Final = 500
"""Most rollouts that one page shows; one more is read, to know whether there is another page."""
_PLACE: Final = "search"
"""Whose champion it is; there is one."""


class RolloutStore:
    """The rollouts of one database. Threads may share it.

    Every method raises StoreUnavailable or StoreUnusable where the database does not answer.
    """

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def standing(self) -> Standing:
        """The champion and the latest rollout, of one moment."""
        with self._state.reading() as connection:
            return _standing(connection)

    def get(self, rollout_id: str) -> Rollout:
        """The rollout. Raises NotFound."""
        with self._state.reading() as connection:
            return _rollout(connection, rollout_id)

    def page(self, *, limit: int = 50, after: Rollout | None = None) -> list[Rollout]:
        """Rollouts, the latest first; `after` is the last one of the page before."""
        statement = _latest_first()
        if after is not None:
            place = sa.tuple_(ROLLOUTS.c.created_at, ROLLOUTS.c.rollout_id)
            statement = statement.where(place < sa.tuple_(after.created_at, after.rollout_id))
        with self._state.reading() as connection:
            rows = connection.execute(statement.limit(min(limit, MAX_PAGE + 1))).scalars()
            return [ROLLOUT.validate_python(row) for row in rows]

    def history(self, rollout_id: str) -> list[Entry]:
        """What happened to the rollout, in order."""
        mine = ROLLOUT_HISTORY.c.rollout_id == rollout_id
        with self._state.reading() as connection:
            rows = connection.execute(sa.select(ROLLOUT_HISTORY.c.entry).where(mine).order_by(ROLLOUT_HISTORY.c.number))
            return [ENTRY.validate_python(row) for row in rows.scalars()]

    def variants(self) -> dict[str, Variant]:
        """All that ever took part in a rollout, by name."""
        with self._state.reading() as connection:
            rows = connection.execute(sa.select(VARIANTS.c.variant).order_by(VARIANTS.c.created_at)).scalars()
            return {(one := Variant.model_validate(row)).name: one for row in rows}

    def assessment(self, rollout_id: str) -> Assessment | None:
        """What was thought of it last; None before the first look."""
        mine = sa.select(ROLLOUT_ASSESSMENTS.c.assessment).where(ROLLOUT_ASSESSMENTS.c.rollout_id == rollout_id)
        with self._state.reading() as connection:
            row = connection.execute(mine).scalar_one_or_none()
        return None if row is None else ASSESSMENT.validate_python(row)

    @contextmanager
    def change(self) -> Iterator["RolloutChange"]:
        """One transaction that nobody else's change runs beside; what it does is kept whole or not at all."""
        with self._state.changing() as connection:
            yield RolloutChange(connection)


class RolloutChange:
    """A change under way."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def standing(self) -> Standing:
        """The champion and the latest rollout."""
        return _standing(self._connection)

    def get(self, rollout_id: str, *, seen: int | None = None) -> Rollout:
        """The rollout. Raises NotFound, and Conflict where `seen` is not its version."""
        rollout = _rollout(self._connection, rollout_id)
        if seen is not None and seen != rollout.version:
            raise Conflict(
                f"the rollout {rollout_id} has version {rollout.version} by now ({described(rollout)}), not {seen}",
                "version",
            )
        return rollout

    def register(self, variant: Variant, *, now: float) -> None:
        """Keep a variant under its name, for good. Raises Conflict where that name has other settings."""
        found = sa.select(VARIANTS.c.fingerprint).where(VARIANTS.c.name == variant.name)
        known = self._connection.execute(found).scalar_one_or_none()
        if known is None:
            row = {"name": variant.name, "fingerprint": variant.fingerprint, "created_at": now}
            document = variant.model_dump(mode="json")
            self._connection.execute(sa.insert(VARIANTS).values(**row, variant=document))
        elif known != variant.fingerprint:
            raise other_settings(variant.name)

    def add(self, rollout: Rollout, entry: Entry) -> None:
        """Keep a new rollout, and the first line of its history."""
        self._connection.execute(sa.insert(ROLLOUTS).values(rollout_id=rollout.rollout_id, **_columns(rollout)))
        self._note(entry)

    def save(self, rollout: Rollout, entry: Entry) -> None:
        """Keep a rollout of this transaction as it is now, a line for its history, and who answers from now on."""
        mine = ROLLOUTS.c.rollout_id == rollout.rollout_id
        self._connection.execute(sa.update(ROLLOUTS).where(mine).values(**_columns(rollout)))
        self._note(entry)
        if rollout.answers != self.standing().champion.name:
            self._crown(Champion(name=rollout.answers, since=entry.at, rollout_id=rollout.rollout_id))

    def assess(self, assessment: Assessment) -> None:
        """Keep what is thought of a rollout now."""
        document = ASSESSMENT.dump_python(assessment, mode="json")
        values = {"rollout_id": assessment.rollout_id, "at": assessment.at, "assessment": document}
        statement = self._new(ROLLOUT_ASSESSMENTS).values(values)
        changed = {name: statement.excluded[name] for name in ("at", "assessment")}
        self._connection.execute(statement.on_conflict_do_update(index_elements=["rollout_id"], set_=changed))

    def _note(self, entry: Entry) -> None:
        row = {"rollout_id": entry.rollout_id, "at": entry.at, "entry": ENTRY.dump_python(entry, mode="json")}
        self._connection.execute(sa.insert(ROLLOUT_HISTORY).values(row))

    def _crown(self, champion: Champion) -> None:
        values = {"place": _PLACE, "version": 1, "champion": CHAMPIONSHIP.dump_python(champion, mode="json")}
        statement = self._new(CHAMPION).values(values)
        changed = {"version": CHAMPION.c.version + 1, "champion": statement.excluded.champion}
        self._connection.execute(statement.on_conflict_do_update(index_elements=["place"], set_=changed))

    def _new(self, table: sa.Table) -> "postgresql.Insert | sqlite.Insert":
        is_postgresql = self._connection.dialect.name == "postgresql"
        return postgresql.insert(table) if is_postgresql else sqlite.insert(table)


def other_settings(name: str) -> Conflict:
    """A name that stands for something else already."""
    return Conflict(f"the name {name!r} stands for a variant with other settings, for good; take another", "variant")


def changed(rollout: Rollout) -> Rollout:
    """The same with the next version."""
    return replace(rollout, version=rollout.version + 1)


def _columns(rollout: Rollout) -> dict[str, object]:
    return {
        "version": rollout.version,
        "is_open": rollout.is_open,
        "created_at": rollout.created_at,
        "rollout": ROLLOUT.dump_python(rollout, mode="json"),
    }


def _latest_first() -> sa.Select[tuple[object]]:
    return sa.select(ROLLOUTS.c.rollout).order_by(ROLLOUTS.c.created_at.desc(), ROLLOUTS.c.rollout_id.desc())


def _standing(connection: sa.Connection) -> Standing:
    champion = sa.select(CHAMPION.c.champion).where(CHAMPION.c.place == _PLACE)
    name = connection.execute(champion).scalar_one_or_none()
    latest = connection.execute(_latest_first().limit(1)).scalar_one_or_none()
    return Standing(
        champion=Champion() if name is None else CHAMPIONSHIP.validate_python(name),
        rollout=None if latest is None else ROLLOUT.validate_python(latest),
    )


def _rollout(connection: sa.Connection, rollout_id: str) -> Rollout:
    found = sa.select(ROLLOUTS.c.rollout).where(ROLLOUTS.c.rollout_id == rollout_id)
    row = connection.execute(found).scalar_one_or_none() if ROLLOUT_ID.fullmatch(rollout_id) else None
    if row is None:
        raise NotFound(f"there is no rollout {rollout_id[:100]!r}")
    return ROLLOUT.validate_python(row)
