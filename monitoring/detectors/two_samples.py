"""Tests between two windows of numbers, each an array or a quantile sketch.

Windows without rows are said to be undefined. None of these looks at time; a p-value is of one look, so over many
slices use `false_discovery`, and under continuous looking `confidence_sequence`.
"""

from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.detectors import histograms
from monitoring.detectors.comparison import Comparison
from monitoring.detectors.sample import Sample, Sketch, sample_of
from monitoring.detectors.tails import kolmogorov_tail

Floats = NDArray[np.float64]
Window = ArrayLike | Sketch

EXACT_CELLS = 10_000
"""Up to that product of the rows the distribution of Kolmogorov and Smirnov's distance is counted out."""


def kolmogorov_smirnov(before: Window, now: Window) -> Comparison:
    """Largest distance of the two distribution functions, in [0, 1]; tied values make it cautious.

    Small windows have the exact p-value, so that three rows can never be significant at 1 % against three.
    """
    old, new = sample_of(before), sample_of(now)
    if why := _undefined(old, new):
        return Comparison(measure="kolmogorov-smirnov", before=old.rows, now=new.rows, undefined=why)
    distance = float(_gaps(old, new)[1].max())
    return Comparison(
        measure="kolmogorov-smirnov", before=old.rows, now=new.rows, effect=distance, p_value=_ks_p(distance, old, new)
    )


def wasserstein(before: Window, now: Window) -> Comparison:
    """How far the values moved on average, in their own unit: the area between the distribution functions.

    The p-value is that of Kolmogorov and Smirnov: it says whether, the distance says how far.
    """
    old, new = sample_of(before), sample_of(now)
    if why := _undefined(old, new):
        return Comparison(measure="wasserstein", before=old.rows, now=new.rows, undefined=why)
    at, gaps = _gaps(old, new)
    return Comparison(
        measure="wasserstein",
        before=old.rows,
        now=new.rows,
        effect=float((gaps[:-1] * np.diff(at)).sum()),
        p_value=_ks_p(float(gaps.max()), old, new),
    )


def stability_index(before: Window, now: Window, *, bins: int = 10) -> Comparison:
    """Population stability index over bins that hold equal shares of the reference, less what chance makes of it.

    See `monitoring.detectors.histograms.stability_index`. Undefined with fewer rows than two to a bin on either side,
    since neither the index nor its p-value means anything there.
    """
    old, new = sample_of(before), sample_of(now)
    why = _undefined(old, new) or _too_few(old, new, 2 * bins)
    if why:
        return Comparison(measure="psi", before=old.rows, now=new.rows, undefined=why)
    edges = edges_of(old, bins=bins)
    counts = [one.counts(edges) * (one.rows_worth / one.rows) for one in (old, new)]
    found = histograms.stability_index(*counts)
    return Comparison(
        measure="psi", before=old.rows, now=new.rows, effect=float(found.effect), p_value=float(found.p_value)
    )


def edges_of(reference: Sample, *, bins: int) -> Floats:
    """Inner edges of bins with equal shares of the reference; a value that fills a whole bin gets one for itself.

    >>> edges_of(sample_of([0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0]), bins=4).round(3).tolist()
    [0.0, 0.0, 2.0]
    """
    inner = reference.quantile(np.arange(1, bins) / bins)
    single, times = np.unique(inner, return_counts=True)
    return np.union1d(single, np.nextafter(single[times > 1], np.inf))


def _gaps(old: Sample, new: Sample) -> tuple[Floats, Floats]:
    """All values in order, and how far the distribution functions are apart from each to the next."""
    at = np.union1d(old.values, new.values)
    return at, np.abs(new.cumulative(at) - old.cumulative(at))


def _ks_p(distance: float, old: Sample, new: Sample) -> float:
    exact = old.rank_error == new.rank_error == 0
    if exact and old.rows * new.rows <= EXACT_CELLS:
        return _chance_of_distance(distance, old.rows, new.rows)
    return float(kolmogorov_tail(distance, old.rows_worth, new.rows_worth))


def _chance_of_distance(distance: float, n: int, m: int) -> float:
    """Share of all orders of n and m rows that are that far apart: Hodges, Arkiv för Matematik 3 (1958)."""
    columns = np.arange(m + 1)
    inside = np.zeros(m + 1)
    inside[: int(np.searchsorted(columns / m, distance - 1e-12))] = 1.0
    for i in range(1, n + 1):
        allowed = np.abs(i / n - columns / m) < distance - 1e-12
        inside = np.where(allowed, np.cumsum(np.where(allowed, inside, 0.0)), 0.0)
    return float(min(max(1 - inside[m] / comb(n + m, n), 0.0), 1.0))


def _undefined(old: Sample, new: Sample) -> str:
    return _too_few(old, new, 1)


def _too_few(old: Sample, new: Sample, least: int) -> str:
    for name, one in (("the reference", old), ("the window", new)):
        if one.rows < least:
            return f"{name} has {one.rows} usable rows of {one.rows + one.missing}, and {least} are needed"
    return ""
