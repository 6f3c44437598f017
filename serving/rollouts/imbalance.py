"""Do both variants get the users that they should? Looked at after every user. Knows no rollout.

Counts of users by arm are multinomial with the shares that were set, if assignment works and nobody's events are lost.
Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022: a mixture over other shares,
with a Dirichlet distribution around those that were set.
"""

from collections.abc import Sequence
from math import lgamma, log
from typing import Final

CONCENTRATION: Final = 100.0
"""As many users are the mixture's own opinion; so deviations of some percent of all users are found soonest."""


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
