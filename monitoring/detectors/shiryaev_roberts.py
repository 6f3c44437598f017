"""The Shiryaev-Roberts rule over counted bins: nearly the quickest when the change comes after a long quiet time.

For each alternative R becomes (R + 1) * L(x), L being how much likelier it makes the value than the reference does.
R less the number of values is a martingale while nothing changes, for a mixture of alternatives too; so an alarm at
R >= A has at least A updates between false alarms, whatever the alternatives are. Pollak, "Average run lengths of an
optimal method of detecting a change in distribution", Annals of Statistics 15 (1987). One stream, one value at a time;
`monitoring.shift` does the same for all slices at once.
"""

from collections.abc import Sequence
from math import exp, log
from typing import Final

from monitoring.detectors.detector import Sequential

SMALLEST_SHARE: Final = 1e-9
"""A bin that the reference never saw is taken for this rare; smooth the reference where that is too sure."""

ODDS: Final = (1 / 4, 1 / 2, 3 / 2, 2, 4)
"""Alternatives for a share: how its odds are multiplied."""


class ShiryaevRoberts(Sequential):
    """Takes the number of a bin; with two bins, ones and zeros."""

    def __init__(self, *, before: Sequence[float], after: Sequence[Sequence[float]], mean_run: float = 1e6) -> None:
        """`before` has the shares of the bins in the reference, each of `after` those of one alternative.

        `mean_run` or more updates go between false alarms, on average.
        """
        ratios = [[a / max(b, SMALLEST_SHARE) for a, b in zip(shares, before, strict=True)] for shares in after]
        self._ratios = list(zip(*ratios, strict=True))
        self._alternatives = range(len(ratios))
        self.threshold = mean_run * len(ratios)
        super().__init__()

    def _restart(self) -> None:
        self._evidence = [0.0] * len(self._alternatives)
        self._best = [1.0] * len(self._alternatives)
        self._since = [0] * len(self._alternatives)

    def _moved(self, x: float) -> bool:
        place = int(x)
        if place != x or not 0 <= place < len(self._ratios):
            self.ignored += 1
            return False
        ratios, evidence, best = self._ratios[place], self._evidence, self._best
        for i in self._alternatives:
            evidence[i] = (evidence[i] + 1.0) * ratios[i]
            best[i] *= ratios[i]
            if best[i] <= 1.0:
                best[i], self._since[i] = 1.0, self.seen + 1
        if sum(evidence) < self.threshold:
            return False
        self.changed_at = self._since[max(self._alternatives, key=evidence.__getitem__)]
        return True


def share_detector(before: float, *, odds: Sequence[float] = ODDS, mean_run: float = 1e6) -> ShiryaevRoberts:
    """Watches a share that was `before`, over ones and zeros; `odds` above 1 look for a rise, below for a fall."""
    share = min(max(before, SMALLEST_SHARE), 1 - SMALLEST_SHARE)
    after = [tilted((1 - share, share), (0.0, 1.0), log(factor)) for factor in odds]
    return ShiryaevRoberts(before=(1 - share, share), after=after, mean_run=mean_run)


def tilted(shares: Sequence[float], scores: Sequence[float], by: float) -> list[float]:
    """The shares of bins, each multiplied by exp(score * by) and brought to a sum of 1.

    >>> [round(share, 9) for share in tilted((0.5, 0.5), (0.0, 1.0), log(3))]
    [0.25, 0.75]
    """
    weights = [share * exp(score * by) for share, score in zip(shares, scores, strict=True)]
    return [weight / sum(weights) for weight in weights]
