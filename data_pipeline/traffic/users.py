"""What users do with an answer: a stated model, since no log of real users is at hand.

After a right answer they click, or go away content. After a wrong one they say it again, type it, click all the same or
give up. Nothing else is assumed, and all of it stands in one record. Knows no event.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int8]


class Heard(IntEnum):
    """How the query was understood."""

    RIGHT = 0
    WRONG = 1
    NOTHING = 2
    """No speech was found."""
    FAILED = 3
    """The service answered an error."""


class Reaction(IntEnum):
    """What comes next."""

    CLICK = 0
    REDO = 1
    """The same, said again."""
    TYPE = 2
    ABANDON = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class UserModel:
    """Probabilities of CLICK, REDO, TYPE and ABANDON, in this order, and how long people take.

    The figures are assumptions of the order that logs of voice search are reported to have: Jiang, Jeng and He, SIGIR
    2013, find most queries with recognition errors to be spoken again; what matters here is that wrong answers show.
    """

    right: tuple[float, ...] = (0.72, 0.02, 0.01, 0.25)
    wrong: tuple[float, ...] = (0.15, 0.45, 0.2, 0.2)
    nothing: tuple[float, ...] = (0.0, 0.65, 0.15, 0.2)
    failed: tuple[float, ...] = (0.0, 0.5, 0.1, 0.4)
    max_attempts: int = 3
    """Of speaking; who still is not understood gives up."""
    click_after_s: float = 4.0
    """Median, from the answer."""
    redo_after_s: float = 7.0
    type_after_s: float = 12.0
    spread: float = 0.5
    """Standard deviation of the logarithm of these times."""

    def __post_init__(self) -> None:
        for name in ("right", "wrong", "nothing", "failed"):
            shares = getattr(self, name)
            if len(shares) != len(Reaction) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
                raise ValueError(f"{name}: {shares} are no probabilities of {len(Reaction)} reactions")

    @property
    def shares(self) -> NDArray[np.float64]:
        """Shape (how it was heard, reactions)."""
        return np.array([self.right, self.wrong, self.nothing, self.failed])


DEFAULT_USERS: Final = UserModel()


def react(heard: Codes, model: UserModel, rng: np.random.Generator) -> Codes:
    """The reaction to each answer; both of shape (n,), with codes of `Heard` and `Reaction`."""
    limits = np.cumsum(model.shares, axis=1)[heard]
    passed = rng.random(len(heard))[:, None] >= limits[:, :-1]
    return np.asarray(passed.sum(axis=1), np.int8)


def delays_s(reactions: Codes, model: UserModel, rng: np.random.Generator) -> NDArray[np.float64]:
    """How long after the answer each reaction comes; giving up comes as late as typing would. Shape (n,)."""
    medians = np.array([model.click_after_s, model.redo_after_s, model.type_after_s, model.type_after_s])
    spread = np.exp(model.spread * rng.standard_normal(len(reactions)))
    return np.asarray(medians[reactions] * spread, np.float64)
