"""Predicts how long recognition takes, from what it took just now. Pure numbers, no clock of its own."""

from typing import Final

_MEMORY: Final = 0.1
"""Weight of the newest batch in the running mean."""
_MOST: Final = 10.0
"""A batch counts as at most that many times slower than the mean: a machine that slept is not a slow one."""


class ServiceTime:
    """Running mean of one worker's seconds per second of audio.

    Recognition time is all but proportional to the audio's length, and batches make it cheaper; the mean follows
    both, and the machine's other work.
    """

    def __init__(self, initial_s_per_audio_s: float = 0.02) -> None:
        self._rate = initial_s_per_audio_s

    def learn(self, *, audio_s: float, took_s: float) -> None:
        """Take in one finished batch."""
        if audio_s > 0:
            self._rate += _MEMORY * (min(took_s / audio_s, _MOST * self._rate) - self._rate)

    def predict_s(self, audio_s: float) -> float:
        """Seconds one worker needs for that much audio."""
        return self._rate * audio_s
