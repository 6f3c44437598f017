"""The deletion of one user: a record of what was asked and what was done, and pure steps between. Knows no store.

It is begun at once and looked after for 30 days: what is on its way when it begins, in the journal of a server that was
cut off, say, is deleted when it arrives. Then the record forgets the user too.
"""

from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict

SETTLE_S: Final = 3600.0
"""What the user does so long after the request still goes: it may have been on its way."""
LOOK_AFTER_S: Final = 30 * 86_400.0


class Deletion(BaseModel):
    """What was asked, and what was done so far."""

    model_config = ConfigDict(frozen=True)

    deletion_id: str
    requested_at: float
    """Seconds since 1970 UTC, the last time that it was asked for."""
    requested_by: str
    passes: int = 0
    """How often all places were gone through."""
    last_pass_at: float | None = None
    finished_at: float | None = None
    """From then on nobody knows any more whose it was."""
    removed: dict[str, int] = {}
    """How many of each kind: `events`, `audio_files`, `review_items`, `dataset_rows` and so on."""
    datasets: tuple[str, ...] = ()
    """Folders of data sets that had rows of the user."""
    models: tuple[str, ...] = ()
    """Models that were trained on them, by their cards; they still are."""
    problems: tuple[str, ...] = ()
    """Why the last pass could not do all; tried again with every purge."""
    requests: tuple[str, ...] = ()
    """The user's requests, until it is finished."""

    @property
    def until(self) -> float:
        """Events of the user before that time go."""
        return self.requested_at + SETTLE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one look at all places did."""

    at: float
    removed: dict[str, int] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def asked_again(deletion: Deletion, *, by: str, now: float) -> Deletion:
    """The same user, later."""
    return deletion.model_copy(update={"requested_at": now, "requested_by": by, "finished_at": None})


def with_requests(deletion: Deletion, found: list[str]) -> Deletion:
    """Known before anything is deleted, so that a pass that is cut off can be done again."""
    return deletion.model_copy(update={"requests": tuple(dict.fromkeys((*deletion.requests, *found)))})


def after(deletion: Deletion, done: Pass) -> Deletion:
    """With what a pass did; finished where time is up and nothing stands in the way."""
    kinds = sorted({*deletion.removed, *done.removed})
    is_over = done.at >= deletion.requested_at + LOOK_AFTER_S and not done.problems
    return deletion.model_copy(
        update={
            "passes": deletion.passes + 1,
            "last_pass_at": done.at,
            "finished_at": done.at if is_over else None,
            "removed": {kind: deletion.removed.get(kind, 0) + done.removed.get(kind, 0) for kind in kinds},
            "datasets": tuple(sorted({*deletion.datasets, *done.datasets})),
            "models": tuple(sorted({*deletion.models, *done.models})),
            "problems": done.problems,
            "requests": () if is_over else deletion.requests,
        }
    )
