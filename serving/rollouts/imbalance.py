"""Do both variants get the users that they should? Looked at after every user. Knows no rollout.

Counts of users by arm are multinomial with the shares that were set, if assignment works and nobody's events are lost.
Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022: a mixture over other shares,
with a Dirichlet distribution around those that were set.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import lgamma, log
from typing import Final

CONCENTRATION: Final = 100.0
"""As many users are the mixture's own opinion; so deviations of some percent of all users are found soonest."""
MOST_USERS: Final = 3000
"""After so many users a step's assignment is no longer looked at."""


def log_imbalance(counts: Sequence[int], shares: Sequence[float], *, concentration: float = CONCENTRATION) -> float:
    """Logarithm of the evidence that the counts do not come of these shares: it ever reaches x with chance exp(-x).

    Shares are over 0 and add up to 1.

    >>> log_imbalance([950, 50], [0.95, 0.05]) < 0 < log(1000) < log_imbalance([990, 110], [0.95, 0.05])
    True
    """
    total = sum(counts)
    evidence = lgamma(concentration) - lgamma(concentration + total)
    for count, share in zip(counts, shares, strict=True):
        own = concentration * share
        evidence += lgamma(own + count) - lgamma(own) - count * log(share)
    return evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The first users of a step, each counted once, since one user's queries are not assigned independently."""

    seen: tuple[str, ...] = ()
    """Hashes of them, `MOST_USERS` at most."""
    by_slice: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """The champion's and the candidate's users by device model; the empty text is any other."""

    @property
    def users(self) -> tuple[int, int]:
        """The champion's and the candidate's."""
        counts = self.by_slice.values()
        return sum(champion for champion, _ in counts), sum(candidate for _, candidate in counts)

    def log_evidence(self, share: float, which: str | None = None) -> float:
        """That they do not come of that share of the users, all of them or those with that device model."""
        counts = self.users if which is None else self.by_slice.get(which, (0, 0))
        return log_imbalance(counts, (1 - share, share)) if 0 < share < 1 else 0.0


def met(assignment: Assignment, users: Iterable[tuple[str, str, bool]], *, max_slices: int) -> Assignment:
    """With more queries: of each the user, the device model, and whether it is the candidate's."""
    seen = dict.fromkeys(assignment.seen)
    by_slice = dict(assignment.by_slice)
    for user, model, is_candidate in users:
        if len(seen) == MOST_USERS or (key := _hashed(user)) in seen:
            continue
        seen[key] = None
        name = model if model in by_slice or len(by_slice.keys() - {""}) < max_slices else ""
        champion, candidate = by_slice.get(name, (0, 0))
        by_slice[name] = (champion + (not is_candidate), candidate + is_candidate)
    return Assignment(seen=tuple(seen), by_slice=by_slice)


def _hashed(user: str) -> str:
    return b64encode(blake2b(user.encode("utf-8", "surrogatepass"), digest_size=6).digest()).decode()
