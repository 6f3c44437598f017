"""What detectors find, and what is made of it: findings, and diagnoses that group them by their cause.

Plain records between detectors, diagnosis, alarms and pages. Knows no detector and no threshold.
"""

from dataclasses import dataclass
from enum import StrEnum

Slice = tuple[tuple[str, str], ...]
"""Fields and values in the order of the fields, as in `(("app_version", "5.2"), ("device_model", "phone"))`."""

FLEET: Slice = ()
"""All events."""


def slice_name(which: Slice) -> str:
    """The slice as people read it.

    >>> slice_name((("app_version", "5.2"), ("device_model", "phone")))
    'app_version=5.2, device_model=phone'
    >>> slice_name(FLEET)
    'everything'
    """
    return ", ".join(f"{field}={value}" for field, value in which) or "everything"


def compatible(one: Slice, other: Slice) -> bool:
    """May an event be in both?

    >>> phone, tablet, version = (("device", "phone"),), (("device", "tablet"),), (("version", "5"),)
    >>> compatible(phone, version), compatible(phone, tablet), compatible((), tablet)
    (True, False, True)
    """
    fields = dict(other)
    return all(fields.get(field, value) == value for field, value in one)


def contains(one: Slice, other: Slice) -> bool:
    """Is every event of the other slice in this one?

    >>> contains((("device", "phone"),), (("device", "phone"), ("version", "5")))
    True
    """
    return set(one) <= set(other)


class Pace(StrEnum):
    """How a shift came."""

    SHOCK = "shock"
    GRADUAL = "gradual"


class Drift(StrEnum):
    """What moved."""

    DATA = "data"
    """The inputs; outputs moved no more than such inputs always made them."""
    CONCEPT = "concept"
    """Outputs or behaviour at equal inputs."""
    MIX = "mix"
    """Neither, in any slice: there are more requests of some slices and fewer of others."""
    UNKNOWN = "unknown"
    """Too little is known to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One signal that moved in one slice."""

    signal: str
    slice: Slice
    detector: str
    at: float
    """When it was found, seconds since 1970 UTC."""
    since: float
    """When the change began, as far as can be told, seconds since 1970 UTC."""
    before: float
    """Mean in the reference; a share where the signal is a rate."""
    after: float
    """Mean since the change."""
    requests: int
    """Events with that signal in the slice since the change."""
    evidence: float
    """How far over what is asked for: 1 is just enough; comparable within a detector only."""
    pace: Pace = Pace.SHOCK
    examples: tuple[str, ...] = ()
    """Ids of a few requests since the change that show it best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A slice that may be what is wrong."""

    slice: Slice
    explained: float
    """Share of the shift of all events, over the findings, that is gone when the slice is left out; in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a signal of outcome is in the slice since the change, and elsewhere at the same time."""

    signal: str
    here: float
    elsewhere: float
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Findings that have one cause: what went wrong, for whom, since when, and what it costs."""

    findings: tuple[Finding, ...]
    """At least one; the one with most evidence first."""
    causes: tuple[Cause, ...]
    """Best explanation first; the first one's slice is whom it concerns."""
    drift: Drift = Drift.UNKNOWN
    costs: tuple[Cost, ...] = ()
    remarks: tuple[str, ...] = ()
    """What else speaks for an explanation, a sentence each, as in "both detectors of speech moved together"."""

    @property
    def slice(self) -> Slice:
        """Whom it concerns."""
        return self.causes[0].slice if self.causes else self.findings[0].slice

    @property
    def since(self) -> float:
        """When the strongest finding began."""
        return self.findings[0].since

    @property
    def examples(self) -> tuple[str, ...]:
        """Ids of requests to look at, those of the strongest finding first, each once."""
        return tuple(dict.fromkeys(one for finding in self.findings for one in finding.examples))
