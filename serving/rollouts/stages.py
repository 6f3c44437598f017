"""The words of a rollout: how it goes, where it stands, and what may be decided. Knows no number."""

from enum import StrEnum


class Strategy(StrEnum):
    """How a candidate reaches users."""

    SHADOW = "shadow"
    """It hears the champion's queries for nothing, and a person decides what follows."""
    CANARY = "canary"
    """A growing share of the users gets its answers."""
    BLUE_GREEN = "blue_green"
    """It is loaded and warm beside the champion until a person switches everybody over in one step."""


class Stage(StrEnum):
    """Where a rollout stands."""

    SHADOW = "shadow"
    CANARY = "canary"
    STANDBY = "standby"
    """Loaded, warm, without traffic."""
    PROMOTED = "promoted"
    """The candidate is the champion."""
    ROLLED_BACK = "rolled_back"
    ENDED = "ended"
    """Over without a switch, by a person's wish."""

    @property
    def is_over(self) -> bool:
        """Is nothing left to decide?"""
        return self in {Stage.PROMOTED, Stage.ROLLED_BACK, Stage.ENDED}


class Outcome(StrEnum):
    """What follows from the evidence."""

    HOLD = "hold"
    ADVANCE = "advance"
    """One step on; never two."""
    PROMOTE = "promote"
    ROLL_BACK = "roll_back"
    ASK = "ask"
    """Hold, and ask a person."""
