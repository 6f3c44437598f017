"""What an engine is: a batch of sounds in, one hypothesis each out.

Engines stand in `asr/engines`, one file each; the conformance suite in `tests/asr/test_engines.py` holds them
all to this protocol. An engine knows no server, no voice activity detection and no transcript convention.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from asr.audio import Audio


@dataclass(frozen=True, slots=True)
class Word:
    """One written word of a hypothesis."""

    text: str
    confidence: float
    """In [0, 1]: geometric mean of the probabilities of the word's tokens."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What an engine heard in one sound."""

    text: str
    """As the model writes it; empty where it heard nothing."""
    words: tuple[Word, ...]
    tokens: tuple[int, ...]
    """The model's own numbers, the end token included."""
    token_log_probs: tuple[float, ...]
    """Natural logarithms, one for each token."""
    truncated: bool = False
    """Decoding ended at the token bound, not at the model's own end: the text is likely a loop."""


def never_cancelled(index: int) -> bool:
    """Is the sound at `index` of the batch no longer wanted? No."""
    return False


class Recognizer(Protocol):
    """One loaded model."""

    @property
    def model_id(self) -> str:
        """The name it is registered under."""

    @property
    def max_duration_s(self) -> float:
        """Longest sound the model takes in one piece; longer ones are split before."""

    def recognize(self, batch: Sequence[Audio], cancelled: Callable[[int], bool] = never_cancelled) -> list[Hypothesis]:
        """One hypothesis for each sound, in order.

        `cancelled(i)` is asked between decoding steps; a cancelled sound is no longer decoded and gets what
        was heard so far, marked as truncated. The result for a sound does not depend on its neighbours in
        the batch, but for rounding. An empty batch gives an empty list; an empty sound gives an empty text.
        Raises AudioTooLong for a sound well above `max_duration_s`.
        """
