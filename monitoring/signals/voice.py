"""All signals of voice search, and what its events are compared by."""

from typing import Final

from monitoring.signals.audio import INPUT
from monitoring.signals.behaviour import BEHAVIOUR
from monitoring.signals.signal import Signal
from monitoring.signals.software import SOFTWARE
from monitoring.signals.transcript import OUTPUT

VOICE_SIGNALS: Final[tuple[Signal, ...]] = (*SOFTWARE, *INPUT, *OUTPUT, *BEHAVIOUR)

VOICE_SLICES: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("device_model",),
    ("os",),
    ("app_version",),
    ("locale",),
    ("tenant",),
    ("model",),
    ("variant",),
    ("device_model", "app_version"),
)
"""Fields whose combinations are slices; the empty combination is all events."""
