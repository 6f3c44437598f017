"""Is one system better than another? Paired tests of word error rates on the same utterances.

The unit is the speaker, since the errors of one speaker go together. The interval is a paired bootstrap (Bisani and
Ney, ICASSP 2004): both systems get the same draws. The p-value is a randomization test (Noreen 1989): were the two
alike, the answers to any speaker could change sides; exact where the speakers are few, and the same idea as the
matched-pairs test of Gillick and Cox (ICASSP 1989) without its normal law. Knows no file and no system.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.metrics import Edits, group_totals, ratio_interval

ALPHA: Final = 0.05
"""A p-value below this says that two systems differ."""
FLIPS: Final = 9999
EXACT_GROUPS: Final = 13
"""Up to so many speakers with a difference, all ways to change sides are counted."""
_FLIPS_AT_ONCE: Final = 4_000_000


class Verdict(StrEnum):
    """What a comparison says."""

    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Difference:
    """The word error rate of a system less that of its baseline; None is undefined."""

    utterances: int
    speakers: int
    wer: float | None
    """Negative is better."""
    ci95: tuple[float, float] | None
    p_value: float | None
    """Two-sided; None for fewer than two speakers."""
    p_adjusted: float | None
    """Of several slices that are looked at together (Holm 1979); the p-value itself for all utterances."""
    improved: int
    """Utterances with fewer word errors than the baseline's."""
    worsened: int

    @property
    def verdict(self) -> Verdict:
        """By the adjusted p-value."""
        if self.wer is None or self.p_adjusted is None or self.p_adjusted >= ALPHA:
            return Verdict.UNDECIDED
        return Verdict.BETTER if self.wer < 0 else Verdict.WORSE


def difference(system: Sequence[Edits], baseline: Sequence[Edits], groups: Sequence[Hashable]) -> Difference:
    """Compare two systems' word edits of the same utterances; `groups` are their speakers.

    Raises ValueError where they are not equally many, or the references are not the same.
    """
    if not len(system) == len(baseline) == len(groups):
        raise ValueError(f"{len(system)} and {len(baseline)} utterances of {len(groups)} speakers")
    if any(a.reference_length != b.reference_length for a, b in zip(system, baseline, strict=True)):
        raise ValueError("the references of the two systems are not the same")
    more = [a.errors - b.errors for a, b in zip(system, baseline, strict=True)]
    totals = group_totals([(n, a.reference_length) for n, a in zip(more, system, strict=True)], groups)
    words = totals[:, 1].sum()
    interval = ratio_interval(totals)
    p_value = randomization_p(totals[:, 0]) if len(totals) > 1 else None
    return Difference(
        utterances=len(system),
        speakers=len(totals),
        wer=float(totals[:, 0].sum() / words) if words else None,
        ci95=(interval.low, interval.high) if interval else None,
        p_value=p_value,
        p_adjusted=p_value,
        improved=sum(n < 0 for n in more),
        worsened=sum(n > 0 for n in more),
    )


def randomization_p(differences: NDArray[np.float64], *, seed: int = 0) -> float:
    """Two-sided p-value of a sum of paired differences, whole numbers, whose signs are as likely either way."""
    moved = differences[differences != 0]
    observed = abs(moved.sum())
    if len(moved) <= EXACT_GROUPS:
        signs = 1 - 2 * (np.arange(2 ** len(moved))[:, None] >> np.arange(len(moved)) & 1)
        return float(np.mean(np.abs(signs @ moved) >= observed))
    generator = np.random.default_rng(seed)
    at_once = max(1, _FLIPS_AT_ONCE // len(moved))
    as_far = 0
    for done in range(0, FLIPS, at_once):
        flips = generator.integers(0, 2, (min(at_once, FLIPS - done), len(moved)), np.int8).astype(np.float32)
        # Signs are 1 - 2 * flips; sums stay below 2 ** 24, where float32 is exact.
        sums = moved.sum() - 2 * (flips @ moved.astype(np.float32))
        as_far += int((np.abs(sums) >= observed).sum())
    return (as_far + 1) / (FLIPS + 1)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """P-values adjusted so that none of several true null hypotheses is rejected, at the level wanted (Holm 1979).

    >>> holm([0.01, 0.04, None, 0.03])
    [0.03, 0.06, None, 0.06]
    """
    known = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, index) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * p))
        adjusted[index] = highest
    return adjusted


def adjusted(differences: Sequence[Difference]) -> list[Difference]:
    """Differences that are looked at together, their p-values adjusted for that."""
    p_values = holm([one.p_value for one in differences])
    return [replace(one, p_adjusted=p) for one, p in zip(differences, p_values, strict=True)]
