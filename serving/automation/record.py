"""The records of automation: how a class of traffic is answered now, and what happened to it. Knows no rule."""

from dataclasses import dataclass
from typing import Annotated, Final

import orjson
from pydantic import Field, JsonValue, TypeAdapter

from serving.automation.degree import Degree

EVERYONE: Final = "*"
"""The class of whoever has none of their own."""
CLASS_PATTERN: Final = r"^(\*|[^\s\x00/*](?:[^\x00/]{0,198}[^\s\x00/])?)$"
"""Of names of classes: `*`, or a tenant's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassState:
    """How a class of traffic is answered."""

    traffic_class: Annotated[str, Field(pattern=CLASS_PATTERN)]
    """A tenant, or `*` for whoever has no class of their own."""
    degree: Degree
    target_risk: float
    """Most mean loss of what the model answers by itself under `partial`."""
    confidence: float
    """How surely it has to stay below."""
    threshold: float | None = None
    """From which confidence on the model answers under `partial`; None: never."""
    variant: str | None = None
    """Whose confidences these are; those of another variant are not held against the threshold."""
    why: str = "no reviews were looked at so far"
    """How the threshold was chosen, or why there is none; who answers then, `answering` tells."""
    candidates: tuple[float, ...] = ()
    """Thresholds to choose from, fixed before the first review of this variant was looked at."""
    since: float = 0.0
    """When the degree was last changed, seconds since 1970 UTC."""
    version: int = 0
    """Counts changes; 0 was never changed: the configuration."""
    demoted_for: tuple[str, ...] = ()
    """Ids of the last alarms that have demoted it."""

    def threshold_of(self, variant: str | None) -> float | None:
        """The threshold, if it was chosen for that variant."""
        return self.threshold if variant == self.variant else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A line of a class's history."""

    traffic_class: str
    at: float
    action: str
    """`set`, `refreshed` or `demoted`."""
    by: str | None
    """The person; None where it happened by itself."""
    why: str
    degree_before: Degree
    degree: Degree
    threshold: float | None
    target_risk: float
    version: int
    alarm_id: str | None = None


_STATE: Final = TypeAdapter(ClassState)
_CHANGE: Final = TypeAdapter(Change)


def as_json(record: ClassState | Change) -> dict[str, JsonValue]:
    """The record in the types of JSON."""
    document: dict[str, JsonValue] = orjson.loads(orjson.dumps(record))
    return document


def state_of(document: object) -> ClassState:
    """The state from its JSON. Raises ValueError."""
    return _STATE.validate_python(document)


def change_of(document: object) -> Change:
    """The line of a history from its JSON. Raises ValueError."""
    return _CHANGE.validate_python(document)
