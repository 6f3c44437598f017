"""Tests between counts in the same bins, for any number of slices and signals at once.

The last axis of both arrays has the bins; the others are broadcast, so one reference can serve many slices. Counts need
not be whole: those from a sketch may be scaled to what they are worth. Knows no bin's edges and no verdict.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.detectors.tails import chi_square_tail, kolmogorov_tail

Floats = NDArray[np.float64]

LEAST_EXPECTED: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """One effect and one p-value for each pair of histograms."""

    effect: Floats
    """Shape of the arguments without the bins; NaN where a window has no rows or a count is no number."""
    p_value: Floats
    """As `effect`; of one look at one pair."""


def stability_index(before: ArrayLike, now: ArrayLike) -> Distances:
    """Population stability index, less what it would be by chance.

    The raw index of two equal distributions is about (bins - 1) (1/n + 1/m): 0.5 with 10 bins and 20 rows, where the
    usual reading calls 0.25 a major shift. That is subtracted, down to 0. The p-value refers the raw index to the
    chi-square that it follows when nothing changed (Yurdakul, Western Michigan University, 2018). Every bin that has
    any count is given half a count more on both sides, so that an empty one does not make it infinite.
    """
    old, new, rows_old, rows_new = _paired(before, now)
    in_use = (old + new) > 0
    freedom = np.maximum(in_use.sum(-1) - 1, 0)
    p, q = (_shares(np.where(in_use, counts + 0.5, 0.0)) for counts in (old, new))
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = np.where(in_use, (q - p) * np.log(q / p), 0.0).sum(-1)
        chance = 1 / rows_old + 1 / rows_new
        p_value = chi_square_tail(raw / chance, freedom)
    return _distances(np.maximum(raw - freedom * chance, 0.0), p_value, rows_old, rows_new)


def chi_square(before: ArrayLike, now: ArrayLike) -> Distances:
    """Pearson's test of two rows of counts, for categories.

    The effect is the total variation distance: the share of rows that is in another category than before. It does not
    depend on how the rows are divided among the windows, as Cramér's V does. For the p-value, categories of which
    either window should hold fewer than `LEAST_EXPECTED` are one: each by itself, they would raise false alarms. Where
    there are two, one of them rare, use `monitoring.detectors.proportions.share_differences`, which is exact.
    """
    old, new, rows_old, rows_new = _paired(before, now)
    effect = np.abs(_shares(new) - _shares(old)).sum(-1) / 2
    old, new = _pool_rare(old, new, np.minimum(rows_old, rows_new) / (rows_old + rows_new))
    columns = old + new
    freedom = np.maximum((columns > 0).sum(-1) - 1, 0)
    p, q = _shares(old), _shares(new)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = columns / (rows_old + rows_new)[..., None]
        apart = np.where(columns > 0, (q - p) ** 2 / pooled, 0.0).sum(-1)
        statistic = apart * rows_old * rows_new / (rows_old + rows_new)
    return _distances(effect, chi_square_tail(statistic, freedom), rows_old, rows_new)


def kolmogorov_smirnov(before: ArrayLike, now: ArrayLike) -> Distances:
    """Largest distance of the two distribution functions at the bins' edges; on the safe side, as for all ties.

    So far on the safe side with few bins that it hardly ever finds a share that moved: see `chi_square` for those.
    """
    old, new, rows_old, rows_new = _paired(before, now)
    effect = np.abs(np.cumsum(_shares(new), -1) - np.cumsum(_shares(old), -1)).max(-1, initial=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _distances(effect, kolmogorov_tail(effect, rows_old, rows_new), rows_old, rows_new)


def _paired(before: ArrayLike, now: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    """Counts with negative or no numbers made to rows that are NaN, and the numbers of rows."""
    old, new = np.broadcast_arrays(np.asarray(before, float), np.asarray(now, float))
    rows_old, rows_new = (
        np.where((np.isfinite(one) & (one >= 0)).all(-1) & (one.sum(-1) > 0), one.sum(-1), np.nan) for one in (old, new)
    )
    return old, new, rows_old, rows_new


def _pool_rare(old: Floats, new: Floats, smaller: Floats) -> tuple[Floats, Floats]:
    """The same counts with those of all rare columns in a further one; `smaller` is the smaller window's share."""
    rare = (old + new) * smaller[..., None] < LEAST_EXPECTED
    old, new = (
        np.concatenate([np.where(rare, 0.0, one), np.where(rare, one, 0.0).sum(-1, keepdims=True)], -1)
        for one in (old, new)
    )
    return old, new


def _shares(counts: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(counts / counts.sum(-1, keepdims=True))


def _distances(effect: Floats, p_value: Floats, rows_old: Floats, rows_new: Floats) -> Distances:
    undefined = np.isnan(rows_old) | np.isnan(rows_new)
    return Distances(np.where(undefined, np.nan, effect), np.where(undefined, np.nan, p_value))
