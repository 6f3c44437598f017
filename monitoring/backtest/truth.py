"""What is known of a stream: the change that was planted in it. Knows no stream and no detector."""

from dataclasses import dataclass

from monitoring.findings import FLEET, Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One planted change."""

    name: str
    at_s: float
    """When it began, seconds since 1970 UTC."""
    slice: Slice = FLEET
    """Whom it concerns."""
    is_fault: bool = True
    """False for what is normal: then every alarm is false."""
