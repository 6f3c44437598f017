"""The running sums of one signal in both arms, and the capital of the bets on it. Knows no signal and no policy.

What is waited for is a block: bets are placed on sums of both arms, so single queries wait until each arm has some.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from serving.rollouts.sequential import BLOCK, log_gain


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Queries of one arm."""

    n: int = 0
    bad: float = 0.0
    """Sum of how bad each was, in [0, 1]."""

    def plus(self, other: Self) -> "Sums":
        """Both together."""
        return Sums(n=self.n + other.n, bad=self.bad + other.bad)

    def less(self, other: Self) -> "Sums":
        """Without those, which it holds."""
        return Sums(n=self.n - other.n, bad=max(self.bad - other.bad, 0.0))

    @property
    def share(self) -> float:
        """Of bad ones; 0 of none."""
        return self.bad / self.n if self.n else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Champion against candidate in one signal, for as long as the same bets are placed."""

    champion: Sums = Sums()
    candidate: Sums = Sums()
    waiting_champion: Sums = Sums()
    """Of the champion's, those that no bet was placed on yet."""
    waiting_candidate: Sums = Sums()
    log_capitals: tuple[float, ...] = ()
    """Logarithm of what each bet has made of 1; none before the first."""

    @property
    def difference(self) -> float:
        """Of the candidate's share less the champion's; 0 while one of them has nothing."""
        return self.candidate.share - self.champion.share if self.champion.n and self.candidate.n else 0.0

    def plus(self, champion: Sums, candidate: Sums, *, bets: Sequence[float], against: float) -> "Contest":
        """After more queries of either or both. The first block tells what the champion's share is; see `log_gain`."""
        mine, other = self.waiting_champion.plus(champion), self.waiting_candidate.plus(candidate)
        known, capitals = self.champion.less(self.waiting_champion), self.log_capitals
        if min(mine.n, other.n) >= BLOCK:
            if known.n:
                rate = (known.bad + 0.5) / (known.n + 1)
                gains = log_gain(mine.n, mine.bad, other.n, other.bad, rate=rate, bet=bets, against=against)
                before = capitals or (0.0,) * len(bets)
                capitals = tuple(was + gain for was, gain in zip(before, gains.tolist(), strict=True))
            mine = other = Sums()
        return Contest(
            champion=self.champion.plus(champion),
            candidate=self.candidate.plus(candidate),
            waiting_champion=mine,
            waiting_candidate=other,
            log_capitals=capitals,
        )

    def merged(self, other: Self) -> "Contest":
        """With another one of the same bets, on other queries: capital that is won in turn multiplies."""
        capitals = [one for one in (self.log_capitals, other.log_capitals) if one]
        return Contest(
            champion=self.champion.plus(other.champion),
            candidate=self.candidate.plus(other.candidate),
            waiting_champion=self.waiting_champion.plus(other.waiting_champion),
            waiting_candidate=self.waiting_candidate.plus(other.waiting_candidate),
            log_capitals=tuple(map(sum, zip(*capitals, strict=True))),
        )
