"""What a detector of change is: fed one number at a time, it says that their distribution has moved.

Knows no method. The constructor is the whole configuration; a detector never looks into the future, has no clock and
no randomness, and can be pickled at any moment.
"""

from abc import ABC, abstractmethod
from math import copysign, isfinite
from typing import Final, Protocol, TypeGuard

LARGEST: Final = 1e100
"""What is larger counts as this, so that sums and squares stay finite."""


class Detector(Protocol):
    """Told of one number after the other, says whether they have moved."""

    @property
    def drifted(self) -> bool:
        """Whether a change was found since the last reset; stays true until the next."""

    @property
    def changed_at(self) -> int | None:
        """Where the change seems to have begun: how many updates since the last reset came before it.

        None before the alarm, and where the method cannot tell.
        """

    @property
    def ignored(self) -> int:
        """Updates since the last reset that held no usable number: None, NaN, infinite, or not of the kind asked."""

    def update(self, x: float | None) -> None:
        """Take the next value; whatever it is, this does not raise."""

    def reset(self) -> None:
        """Begin anew, as after the constructor."""


def is_number(x: object) -> TypeGuard[float]:
    """Whether it is a finite number.

    >>> [is_number(x) for x in (0.5, True, None, float("nan"), "0.5", 10**400)]
    [True, True, False, False, False, False]
    """
    try:
        return isfinite(x)  # type: ignore[arg-type]
    except (TypeError, OverflowError):
        return False


class Sequential(ABC):
    """What every detector does alike: passes over what is no number, and keeps the first alarm until a reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, as after the constructor."""
        self.drifted = False
        self.changed_at: int | None = None
        self.ignored = 0
        self.seen = 0
        self._restart()

    def update(self, x: float | None) -> None:
        """Take the next value."""
        if not is_number(x):
            self.ignored += 1
        elif not self.drifted:
            self.drifted = self._moved(x if -LARGEST < x < LARGEST else copysign(LARGEST, x))
        self.seen += 1

    @abstractmethod
    def _restart(self) -> None:
        """Forget all values."""

    @abstractmethod
    def _moved(self, x: float) -> bool:
        """Take a finite value, the one with index `seen`; true sets the alarm, and `changed_at` if it is known."""
