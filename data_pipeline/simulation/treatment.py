"""What was done to a recording: the truth that monitors and evaluations on simulated devices are judged by."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """The field `simulated` of a row; None where nothing of the kind was done."""

    profile: str
    """Name and version."""
    gain_db: float | None = None
    """To bring speech to the profile's level."""
    room: str | None = None
    """Which response."""
    direct_to_reverberant_db: float | None = None
    noise: str | None = None
    """Which recording, or "road"."""
    snr_db: float | None = None
    """Of the speech as it reaches the microphone to the noise that was added."""
    clipping_ratio: float = 0.0
    """Share of samples at full scale behind the converter."""
    kept_s: tuple[float, float] | None = None
    """Start and end of what the device's voice detector let through, in seconds of the recording."""
    cut_onset_s: float = 0.0
    """Speech lost at the beginning: from the first speech of the clean recording to where the device starts."""
    cut_offset_s: float = 0.0
    """Speech lost at the end: from where the device stops to the last speech of the clean recording."""
    codec: str | None = None

    def as_json(self) -> dict[str, object]:
        """With lists for tuples."""
        return {**asdict(self), "kept_s": list(self.kept_s) if self.kept_s else None}
