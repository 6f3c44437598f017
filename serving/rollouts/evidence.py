"""What is known of both variants of a rollout, as sums: by signal, by device model, and of recordings both heard.

Immutable, and the same after a journey through JSON. Knows no event: `serving.rollouts.gathering` adds those.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter

from serving.rollouts.contest import Contest, Sums
from serving.rollouts.imbalance import Assignment
from serving.rollouts.paired import Pairs


class Ignored(StrEnum):
    """Why an event is no evidence."""

    LATE = "late"
    """It happened before the rollout began."""
    TWICE = "twice"
    UNASSIGNED = "unassigned"
    """It says of no variant of this rollout that it was meant for it."""
    UNKNOWN = "unknown"
    """A value of a guardrail is there, but is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvidence:
    """Of the present step of a canary alone."""

    share: float
    """Of the users, those who have the candidate."""
    next_share: float
    """After the step that evidence is gathered for."""
    since: float
    """Seconds since 1970 UTC."""
    contests: Mapping[str, Contest] = field(default_factory=dict)
    """By signal: bets against a harm that would be too much in the next step."""
    assignment: Assignment = field(default_factory=Assignment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Of a whole rollout."""

    since: float
    """When the rollout began, seconds since 1970 UTC."""
    fleet: Mapping[str, Contest] = field(default_factory=dict)
    """By signal: bets against "the candidate is no worse", over all steps."""
    slices: Mapping[str, Mapping[str, Contest]] = field(default_factory=dict)
    """By device model and signal: the same."""
    step: StepEvidence | None = None
    """None outside of a canary."""
    pairs: Mapping[str, Pairs] = field(default_factory=dict)
    """Recordings that both heard, by what is compared: `null`, `failed`, `low_confidence`."""
    disagreement: Sums = field(default_factory=Sums)
    """Of such recordings, those with another first result."""
    ignored: Mapping[str, int] = field(default_factory=dict)
    """Events that are no evidence, by the reason."""

    def at_step(self, share: float, next_share: float, *, since: float) -> "Evidence":
        """For a step of a canary that begins; the same where it has begun already."""
        if self.step and (self.step.share, self.step.since) == (share, since):
            return self
        return replace(self, step=StepEvidence(share=share, next_share=next_share, since=since))


EVIDENCE: Final = TypeAdapter(Evidence)
"""To and from JSON."""
