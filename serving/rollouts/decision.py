"""What was decided about a rollout and why, in sentences and in numbers. Knows no rule."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from serving.rollouts.stages import Outcome


class Cause(StrEnum):
    """What a reason is about."""

    PAUSED = "paused"
    EVIDENCE_AWAY = "evidence_away"
    """The store of events cannot be read."""
    HARM = "harm"
    """The candidate is worse, beyond chance and beyond the margin."""
    ALARM = "alarm"
    """A critical alarm is about the candidate."""
    IMBALANCE = "imbalance"
    """The arms do not get the users that they should, so that they cannot be compared."""
    MISSING = "missing"
    """Too little evidence, or too little time."""
    NOT_SHOWN = "not_shown"
    """It is not yet shown that the harm stays within a margin."""
    SHOWN = "shown"
    """It is shown that the harm stays within every margin."""
    PATIENCE = "patience"
    """It takes longer than the policy waits."""
    PERSON = "person"
    """Only a person goes on from here."""
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One of the reasons for a decision."""

    cause: Cause
    text: str
    """A sentence for people."""
    metric: str | None = None
    """The guardrail that it is about."""
    slice: str | None = None
    """The device model that it is about; None: all users."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """The numbers in it, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows from the evidence at one moment."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    """The weightiest first; never empty."""

    @property
    def text(self) -> str:
        """All reasons for people."""
        return " ".join(reason.text for reason in self.reasons)

    def as_document(self) -> dict[str, object]:
        """As JSON takes it."""
        return {"outcome": self.outcome.value, "reasons": [asdict(reason) for reason in self.reasons]}
