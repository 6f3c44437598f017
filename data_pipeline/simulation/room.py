"""Sound in a room, from its impulse response. Knows no files."""

from dataclasses import dataclass, replace
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples

DIRECT_S: Final = 0.0025
"""Up to so long after its peak a response is direct sound: the usual window (Zahorik, 2002)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How far from the microphone somebody speaks."""

    direct_to_reverberant_db: Annotated[float, Field(ge=-20, le=40)]
    """Energy of the direct sound over that of all reflections: about 10 at arm's length, 0 across a living room."""


def reverberated(audio: Audio, response: Samples, room: Room) -> Audio:
    """The recording as heard in the room: in time with it, as loud and as long.

    `response` is an impulse response at 16 kHz; what precedes its peak is cut off, and its reflections are brought to
    the level that the room asks for.
    """
    from scipy.signal import oaconvolve

    if not np.any(audio.samples) or not np.any(response):
        return audio
    samples = oaconvolve(audio.samples, adjusted(response, room))[: len(audio.samples)]
    as_loud = np.linalg.norm(audio.samples) / np.linalg.norm(samples)
    return replace(audio, samples=(samples * as_loud).astype(np.float32))


def adjusted(response: Samples, room: Room) -> NDArray[np.float64]:
    """The response from its peak on, at the wanted ratio; one without reflections stays dry."""
    from_peak = response[int(np.argmax(np.abs(response))) :].astype(np.float64)
    direct, reflections = np.split(from_peak, [round(DIRECT_S * SAMPLE_RATE_HZ)])
    energy, reverberant = (float(np.sum(np.square(part))) for part in (direct, reflections))
    if reverberant:
        reflections = reflections * np.sqrt(energy / 10 ** (room.direct_to_reverberant_db / 10) / reverberant)
    return np.concatenate([direct, reflections])
