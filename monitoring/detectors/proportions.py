"""Difference of two shares, for yes-or-no signals: how large, how surely, and within what interval."""

from math import sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.detectors.comparison import Comparison
from monitoring.detectors.histograms import Distances
from monitoring.detectors.tails import log_choose, normal_tails

Floats = NDArray[np.float64]

TERMS: Final = 100
MOST_COUNTED: Final = 10_000
"""Up to so many ones in both windows the test is exact; beyond, the normal limit agrees to three digits."""


def share_difference(
    *, ones_before: int, rows_before: int, ones_now: int, rows_now: int, alpha: float = 0.05
) -> Comparison:
    """Share now less share before, with Newcombe's score interval at 1 - `alpha` and Fisher's exact test.

    Newcombe, Statistics in Medicine 17 (1998), method 10. Undefined without rows, or with counts that cannot be.
    """
    why = _undefined(ones_before, rows_before, "the reference") or _undefined(ones_now, rows_now, "the window")
    if why:
        return Comparison(measure="difference of shares", before=rows_before, now=rows_now, undefined=why)
    p, q = ones_before / rows_before, ones_now / rows_now
    (low_p, high_p), (low_q, high_q) = (wilson(ones_before, rows_before, alpha), wilson(ones_now, rows_now, alpha))
    low = (q - p) - sqrt((q - low_q) ** 2 + (high_p - p) ** 2)
    high = (q - p) + sqrt((high_q - q) ** 2 + (p - low_p) ** 2)
    exact = ones_before + ones_now <= MOST_COUNTED
    test = _fisher if exact else _score
    return Comparison(
        measure="difference of shares",
        before=rows_before,
        now=rows_now,
        effect=q - p,
        p_value=test(ones_before, rows_before, ones_now, rows_now),
        interval=(low, high),
    )


def share_differences(before: ArrayLike, rows_before: ArrayLike, now: ArrayLike, rows_now: ArrayLike) -> Distances:
    """Many differences at once: ones and rows of both windows, broadcast; counts need not be whole.

    The p-value is twice the chance, all ones given, of a split as one-sided as this or more so. `TERMS` of its sum are
    added up, and the rest is bounded by a geometric series, so it errs to the safe side. NaN where there are no rows,
    or counts that cannot be.
    """
    old, n, new, m = np.broadcast_arrays(*(np.asarray(one, float) for one in (before, rows_before, now, rows_now)))
    usable = (old >= 0) & (old <= n) & (new >= 0) & (new <= m) & (n > 0) & (m > 0) & np.isfinite(n + m)
    old, n, new, m = (np.where(usable, one, fill) for one, fill in ((old, 0.0), (n, 1.0), (new, 0.0), (m, 1.0)))
    effect = new / m - old / n
    fell = effect < 0
    old, new = np.where(fell, n - old, old), np.where(fell, m - new, new)
    p_value = np.minimum(2 * _chance_of_more(old, n, new, m), 1.0)
    return Distances(np.where(usable, effect, np.nan), np.where(usable, p_value, np.nan))


def _chance_of_more(old: Floats, n: Floats, new: Floats, m: Floats) -> Floats:
    """Upper tail of the hypergeometric distribution at `new` of `old + new` ones."""
    ones = old + new
    term = np.exp(log_choose(m, new) + log_choose(n, old) - log_choose(n + m, ones))
    total, ratio = term.copy(), np.zeros_like(term)
    for k in range(TERMS):
        ratio = np.maximum(ones - new - k, 0.0) * np.maximum(m - new - k, 0.0)
        ratio /= (new + k + 1) * (n - old + k + 1)
        term = term * ratio
        total += term
    return np.asarray(total + term * ratio / np.maximum(1 - ratio, 1e-9))


def wilson(ones: int, rows: int, alpha: float) -> tuple[float, float]:
    """Score interval of one share at 1 - `alpha`; of one look. `rows` is at least 1.

    >>> [round(end, 3) for end in wilson(0, 10, 0.05)]
    [0.0, 0.278]
    """
    z = NormalDist().inv_cdf(1 - alpha / 2)
    share, weight = ones / rows, z * z / rows
    middle = (share + weight / 2) / (1 + weight)
    half = z * sqrt(share * (1 - share) / rows + weight / rows / 4) / (1 + weight)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _undefined(ones: int, rows: int, name: str) -> str:
    if rows < 1:
        return f"{name} has no rows"
    return "" if 0 <= ones <= rows else f"{name} has {ones} ones in {rows} rows"


def _fisher(ones_before: int, rows_before: int, ones_now: int, rows_now: int) -> float:
    """Chance of a split of the ones among the windows that is as unlikely as this one or more so."""
    ones = ones_before + ones_now
    split = np.arange(max(0, ones - rows_before), min(ones, rows_now) + 1)
    logs = log_choose(rows_now, split) + log_choose(rows_before, ones - split)
    chances = np.exp(logs - logs.max())
    seen = chances[ones_now - split[0]]
    return float(chances[chances <= seen * (1 + 1e-7)].sum() / chances.sum())


def _score(ones_before: int, rows_before: int, ones_now: int, rows_now: int) -> float:
    pooled = (ones_before + ones_now) / (rows_before + rows_now)
    deviation = sqrt(pooled * (1 - pooled) * (1 / rows_before + 1 / rows_now))
    return normal_tails((ones_now / rows_now - ones_before / rows_before) / deviation) if deviation else 1.0
