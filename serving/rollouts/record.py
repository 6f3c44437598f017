"""The records of a rollout's life: the rollout, who answers at present, and the lines of its history.

Knows no rule, no database and no model.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue, TypeAdapter

from serving.rollouts.policy import Policy
from serving.rollouts.stages import Stage, Strategy
from serving.traffic import Routing
from serving.variants.variant import CHAMPION

ROLLOUT_ID: Final = re.compile(r"ro_[0-9a-f]{16}")
"""What ids of rollouts look like."""
WARM_S: Final = 86_400.0
"""How long after a switch the old champion stays loaded, and the switch can be undone at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A candidate on its way to the users."""

    rollout_id: str
    candidate: str
    """Name of the variant that is tried."""
    champion: str
    """Name of the variant that answered when it began."""
    strategy: Strategy
    stage: Stage
    policy: Policy
    created_at: float
    """Seconds since 1970 UTC, as are all times here."""
    entered_at: float
    """When its stage, or the step of its canary, began."""
    position: int
    """Of the event store when it began; what came before is no evidence."""
    step: int = 0
    """Of the canary, from 0."""
    paused: bool = False
    """Nothing goes on by itself."""
    asked_person_since: float | None = None
    """Since when it waits for a person."""
    version: int = 1
    """Grows with every change, so that whoever changes it can say what they saw."""

    @property
    def steps(self) -> int:
        """Of its canary; the step to all users is the promotion."""
        return max(1, len(self.policy.steps) - 1)

    @property
    def salt(self) -> str:
        """Draws other users than every other rollout."""
        return self.rollout_id

    @property
    def is_open(self) -> bool:
        """Does it go on?"""
        return not self.stage.is_over

    @property
    def share(self) -> float:
        """Of users, those whom the candidate is meant for; all, once it is the champion."""
        if self.stage is Stage.PROMOTED:
            return 1.0
        return self.policy.steps[self.step].share if self.stage is Stage.CANARY else 0.0

    @property
    def shadow_share(self) -> float:
        """Of the champion's queries, those that the candidate hears for nothing."""
        return self.policy.shadow.share if self.stage is Stage.SHADOW else 0.0

    @property
    def answers(self) -> str:
        """Name of the variant that is the champion as things stand."""
        return self.candidate if self.stage is Stage.PROMOTED else self.champion

    def can_be_undone(self, now: float) -> bool:
        """Has it switched so lately that the old champion is still warm?"""
        return self.stage is Stage.PROMOTED and now < self.entered_at + WARM_S

    def wanted(self, now: float) -> tuple[str, ...]:
        """Names of the variants that have to be loaded for it."""
        if self.is_open or self.can_be_undone(now):
            return self.champion, self.candidate
        return (self.answers,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """Who answers whom no candidate does."""

    name: str = CHAMPION
    since: float | None = None
    """None: from the beginning."""
    rollout_id: str | None = None
    """The rollout that made it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of a rollout's history."""

    rollout_id: str
    at: float
    action: str
    """An `Action` of a person, or an `Outcome` of a decision."""
    by: str | None = None
    """The person; None where it happened by itself."""
    note: str = ""
    stage: Stage
    step: int
    share: float
    version: int
    """Of the rollout afterwards."""
    decision: Mapping[str, JsonValue] | None = None
    """Why, with the numbers; None where a person did it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What was thought of an open rollout when its evidence was last looked at."""

    rollout_id: str
    at: float
    decision: Mapping[str, JsonValue]
    evidence: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What all replicas agree on at one moment."""

    champion: Champion = Champion()
    rollout: Rollout | None = None
    """The latest one, over or not."""

    @property
    def open_rollout(self) -> Rollout | None:
        """The one that goes on."""
        return self.rollout if self.rollout and self.rollout.is_open else None

    @property
    def routing(self) -> Routing:
        """Who answers whom."""
        return routing_of(self.champion.name, self.rollout)

    def wanted(self, now: float) -> tuple[str, ...]:
        """Names of the variants that have to be loaded, the champion's first."""
        of_rollout = self.rollout.wanted(now) if self.rollout else ()
        return tuple(dict.fromkeys((self.champion.name, *of_rollout)))


ROLLOUT: Final = TypeAdapter(Rollout)
ENTRY: Final = TypeAdapter(Entry)
CHAMPIONSHIP: Final = TypeAdapter(Champion)
ASSESSMENT: Final = TypeAdapter(Assessment)


def new_rollout_id() -> str:
    """An id that nobody has."""
    return f"ro_{secrets.token_hex(8)}"


def routing_of(champion: str, rollout: Rollout | None) -> Routing:
    """Who answers whom while a rollout stands like that."""
    if rollout is None or rollout.stage not in (Stage.SHADOW, Stage.CANARY):
        return Routing(champion=champion)
    return Routing(
        champion=champion,
        candidate=rollout.candidate,
        share=rollout.share,
        shadow_share=rollout.shadow_share,
        salt=rollout.salt,
    )


def entry_of(
    rollout: Rollout,
    action: str,
    *,
    at: float,
    by: str | None = None,
    note: str = "",
    decision: Mapping[str, JsonValue] | None = None,
) -> Entry:
    """The line for what made the rollout what it is now."""
    return Entry(
        rollout_id=rollout.rollout_id,
        at=at,
        action=action,
        by=by,
        note=note,
        stage=rollout.stage,
        step=rollout.step,
        share=rollout.share,
        version=rollout.version,
        decision=decision,
    )
