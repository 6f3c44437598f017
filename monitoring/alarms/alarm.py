"""The records of an alarm's life: the alarm, what is told of it, and its history. Knows no rule and no database."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitoring.alarms.policy import Severity
from monitoring.findings import Diagnosis, Finding, Slice, slice_name

ALARM_ID: Final = re.compile(r"alm_[0-9a-f]{20}")
"""What ids of alarms look like."""


class State(StrEnum):
    """Where an alarm stands."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    """Somebody looks after it."""
    SILENCED = "silenced"
    """It goes on, but nobody wants to hear of it for a while."""
    RESOLVED = "resolved"


class Verdict(StrEnum):
    """Was the alarm right?"""

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Change(StrEnum):
    """What happened to an alarm by itself and is told to receivers."""

    FIRED = "fired"
    ESCALATED = "escalated"
    REOPENED = "reopened"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something is wrong, for one cause."""

    alarm_id: str
    policy: str
    """Name of the policy that raised it: the alarm's name, and its heading in the runbook."""
    severity: Severity
    state: State
    slice: Slice
    """Whom it concerns; widens when it spreads."""
    diagnosis: Diagnosis
    """Of each finding the strongest form that was seen, and the latest explanation."""
    opened_at: float
    """Seconds since 1970 UTC, as are all times here."""
    last_seen_at: float
    """When a detector last spoke of it."""
    reopened: int = 0
    """Times that it came back; each makes it stay open longer."""
    silenced_until: float | None = None
    resolved_at: float | None = None
    resolved_by: str | None = None
    """The person who resolved it; None where it resolved itself."""
    merged_into: str | None = None
    """Id of the alarm of the same cause that goes on in its place."""
    verdict: Verdict | None = None
    told: int = 0
    """Notifications so far."""

    @property
    def is_open(self) -> bool:
        """Does it go on?"""
        return self.state is not State.RESOLVED

    @property
    def summary(self) -> str:
        """One line for people."""
        worst = self.diagnosis.findings[0]
        more = f" and {len(self.diagnosis.findings) - 1} more" if len(self.diagnosis.findings) > 1 else ""
        moved = f"{worst.signal} went from {_number(worst.before)} to {_number(worst.after)}"
        return f"{slice_name(self.slice)}: {moved}{more}, in {worst.requests} requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What receivers are told, once."""

    change: Change
    alarm: Alarm
    at: float
    previous: Alarm | None = None
    """The alarm as they knew it, where its severity or slice changed."""

    @property
    def key(self) -> str:
        """The same for every delivery of this notification, and for no other."""
        return f"{self.alarm.alarm_id}-{self.alarm.told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of an alarm's history."""

    alarm_id: str
    at: float
    action: str
    """A `Change`, or what a person did: acknowledge, silence, resolve, confirm, dismiss."""
    by: str | None = None
    """The person; None where it happened by itself."""
    note: str = ""
    until: float | None = None


def alarm_id(policy: str, which: Slice, opened_at: float) -> str:
    """The id of an alarm that opens now."""
    return "alm_" + hashlib.sha256(repr((policy, which, opened_at)).encode()).hexdigest()[:20]


def strongest(known: Diagnosis, new: Diagnosis, findings: tuple[Finding, ...], *, limit: int = 50) -> Diagnosis:
    """The new explanation over the strongest form of every finding, old or new; the first `limit` of them."""
    best: dict[tuple[str, Slice, str], Finding] = {}
    for one in (*known.findings, *findings):
        key = (one.signal, one.slice, one.detector)
        if key not in best or one.evidence >= best[key].evidence:
            best[key] = one
    ordered = sorted(best.values(), key=lambda one: -one.evidence)
    return Diagnosis(
        findings=tuple(ordered[:limit]), causes=new.causes, drift=new.drift, costs=new.costs, remarks=new.remarks
    )


def _number(value: float) -> str:
    return f"{value:.4g}"
