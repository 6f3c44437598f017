"""All signals of voice search, and what its events are compared by."""

from collections.abc import Collection
from typing import Final

from monitoring.findings import Diagnosis
from monitoring.signals.audio import INPUT
from monitoring.signals.behaviour import BEHAVIOUR
from monitoring.signals.signal import Signal
from monitoring.signals.software import SOFTWARE
from monitoring.signals.transcript import OUTPUT
from monitoring.watched import Watched

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


def remarks(diagnosis: Diagnosis, moved: Collection[str]) -> tuple[str, ...]:
    """What the two detectors of speech say of a cut onset or offset: is the sound cut, or is it another sound?

    A cut moves both alike, and they agree as much as before or more; noise and other microphones part them.
    """
    names = {finding.signal for finding in diagnosis.findings} | set(moved)
    parted = any(one.signal == "vad_disagreement" and one.after > one.before for one in diagnosis.findings)
    found = []
    for edge, silence in (("onset", "lead_silence_s"), ("offset", "trail_silence_s")):
        first = {f"{edge}_clipped", silence} & names
        second = {f"second_{edge}_clipped", f"second_{silence}"} & names
        if first and second and not parted:
            found.append(f"Both detectors of speech see the {edge} cut and agree as before: recordings are cut.")
        elif first and parted:
            found.append(f"The detectors of speech disagree more at the {edge}: another microphone, level or noise.")
    return tuple(found)


VOICE: Final = Watched(
    signals=VOICE_SIGNALS,
    combinations=VOICE_SLICES,
    inputs=("onset_clipped", "snr_db", "speech_s"),
    outcomes=("null_transcript", "redo", "switched_to_typing", "clicked", "abandoned", "zero_results", "confidence"),
    paced_by="tenant",
    remarks=remarks,
)
