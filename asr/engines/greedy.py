"""One sound's greedy decoding: the tokens so far, and when to stop. Knows token ids, and no model.

A model that hears noise may write without end. So the number of tokens is bounded by the sound's duration, and a
text that goes round in circles is cut back to one round.
"""

import math
from collections.abc import Sequence
from typing import Final

TOKENS_PER_SECOND: Final = 10.0
SPARE_TOKENS: Final = 8
"""Spelled names need most: two tokens a letter."""
_LONGEST_CYCLE: Final = 8
_ROUNDS: Final = 6


def token_bound(duration_s: float) -> int:
    """Most tokens that speech of that length can have."""
    return math.ceil(TOKENS_PER_SECOND * duration_s) + SPARE_TOKENS


def cycle_length(tokens: Sequence[int]) -> int:
    """Length of the shortest phrase that the last tokens say six times over; 0 where there is none."""
    for length in range(1, _LONGEST_CYCLE + 1):
        last = list(tokens[-length * _ROUNDS :])
        if len(last) == length * _ROUNDS and last == last[:length] * _ROUNDS:
            return length
    return 0


class GreedyPath:
    """The tokens of one sound; fed one at a time until it is done."""

    def __init__(self, duration_s: float, *, end: int) -> None:
        self.tokens: list[int] = []
        self.log_probs: list[float] = []
        self.truncated = False
        """Stopped before the model's own end."""
        self.done = False
        self._end = end
        self._bound = token_bound(duration_s)

    def extend(self, token: int, log_prob: float) -> None:
        """Take the next token and its log probability (natural, rounded above 0 by a low-precision model)."""
        self.tokens.append(token)
        self.log_probs.append(min(log_prob, 0.0))
        if token == self._end:
            self.done = True
        elif len(self.tokens) >= self._bound:
            self.truncate()
        elif cycle := cycle_length(self.tokens):
            repeated = cycle * (_ROUNDS - 1)
            del self.tokens[-repeated:], self.log_probs[-repeated:]
            self.truncate()

    def truncate(self) -> None:
        """Stop here."""
        self.truncated = self.done = True
