"""What operators did: who, what, to what, with which outcome. Lines are only ever added; nothing changes one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from serving.state.store import StateStore
from serving.state.tables import OPERATOR_ACTIONS

MAX_PAGE: Final = 500
_MAX_CHARS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAction:
    """One thing that was done or tried."""

    at: float
    """Seconds since 1970 UTC."""
    by: str
    action: str
    """Such as "POST /admin/keys/{key_id}/revoke"."""
    target: str
    """What it was done to."""
    about: Mapping[str, object] = field(default_factory=dict)
    """Outcome and circumstances: `status`, `request_id`, `key_id`. Never a secret, a transcript or a user."""
    number: int = 0
    """Its place in the log; given by the log."""


class ActionLog:
    """The log of one database. Raises StoreUnavailable or StoreUnusable where that does not answer."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def write(self, action: OperatorAction) -> None:
        """Add a line."""
        with self._state.changing() as connection:
            row = {name: getattr(action, name)[:_MAX_CHARS].replace("\0", "?") for name in ("by", "action", "target")}
            connection.execute(sa.insert(OPERATOR_ACTIONS).values(at=action.at, about=dict(action.about), **row))

    def page(
        self, *, limit: int = 50, before: int | None = None, by: str | None = None, since: float | None = None
    ) -> list[OperatorAction]:
        """Lines, the latest first; `before` is the number of the last one of the page before."""
        columns = OPERATOR_ACTIONS.c
        statement = sa.select(OPERATOR_ACTIONS).order_by(columns.number.desc()).limit(min(limit, MAX_PAGE))
        if before is not None:
            statement = statement.where(columns.number < before)
        if by is not None:
            statement = statement.where(columns.by == by)
        if since is not None:
            statement = statement.where(columns.at >= since)
        with self._state.reading() as connection:
            return [OperatorAction(**row) for row in connection.execute(statement).mappings()]
