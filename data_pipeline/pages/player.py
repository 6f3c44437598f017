"""A recording inside a page: its waveform as a drawing, its sound as a FLAC in base64, so that the page stays one file.

How many players a page gets, and how much sound, its caller says. Knows no report and no HTML.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.audio import Audio, Samples, Span
from data_pipeline.flac import flac

POINTS: Final = 300
"""Of a waveform; more than a phone can show."""
_FLAC: Final = b"fLaC"


@dataclass(frozen=True, slots=True)
class Player:
    """What `player.html` draws."""

    outline: str
    """Points of an SVG polygon in a box of 100 by 100; the loudest moment touches its edge."""
    duration_s: float
    speech: tuple[Span, ...] = ()
    """Where there is speech."""
    source: str = ""
    """A `data:` address of the sound; empty shows the waveform alone."""


def envelope(samples: Samples, points: int = POINTS) -> NDArray[np.float32]:
    """Lowest and highest sample of each of so many equal stretches; shape (at most `points`, 2).

    A recording with fewer samples than points has one stretch for each sample. Raises ValueError for no points.
    """
    if points < 1:
        raise ValueError(f"a waveform of {points} points")
    count = min(points, len(samples))
    if not count:
        return np.empty((0, 2), np.float32)
    starts = np.arange(count) * len(samples) // count
    lows, highs = np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)
    return np.stack([lows, highs], axis=1)


def outline(samples: Samples, points: int = POINTS) -> str:
    """The waveform as points of a polygon, from left to right along its top and back along its bottom."""
    peaks = envelope(samples, points)
    scale = 49 / max(float(np.abs(peaks).max(initial=0.0)), 1e-6)
    across = 100 * (np.arange(len(peaks)) + 0.5) / max(1, len(peaks))
    top = zip(across, 49.5 - scale * peaks[:, 1], strict=True)
    bottom = zip(across[::-1], 50.5 - scale * peaks[::-1, 0], strict=True)
    return " ".join(f"{x:.2f},{y:.1f}" for x, y in (*top, *bottom))


def player(audio: Audio, *, speech: Sequence[Span] = (), data: bytes | None = None, with_sound: bool = True) -> Player:
    """A player of one recording.

    `data` is the file that the recording came from: a FLAC of the whole recording is embedded as it stands, anything
    else as a new FLAC of 16 bit and 16 kHz.
    """
    sound = "" if not with_sound else _address(data if data and data.startswith(_FLAC) else flac(audio))
    return Player(outline(audio.samples), audio.duration_s, tuple(speech), sound)


def within_budget(players: Iterable[Player], *, max_sounds: int, max_bytes: int) -> Iterator[Player]:
    """The same players, the first ones with their sound as long as it fits; the others keep their waveform only."""
    sounds, size = 0, 0
    for one in players:
        fits = bool(one.source) and sounds < max_sounds and size + len(one.source) <= max_bytes
        sounds, size = (sounds + 1, size + len(one.source)) if fits else (sounds, size)
        yield one if fits else Player(one.outline, one.duration_s, one.speech)


def _address(file: bytes) -> str:
    return "data:audio/flac;base64," + base64.b64encode(file).decode("ascii")
