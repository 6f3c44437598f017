"""Tails of the distributions that tests refer to, over arrays and without scipy, which takes a second to import."""

from math import erfc, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def chi_square_tail(statistic: ArrayLike, freedom: ArrayLike) -> Floats:
    """Chance that chi-square with so many degrees of freedom (whole numbers, 0 or more) is that large or larger.

    The finite sums of Abramowitz and Stegun 26.4.4 and 26.4.5. Arguments are broadcast; NaN stays NaN.

    >>> chi_square_tail([3.84, 9.21], [1, 2]).round(3).tolist()
    [0.05, 0.01]
    """
    half, degrees = np.broadcast_arrays(np.asarray(statistic, float) / 2, np.asarray(freedom, int))
    half = np.maximum(half, 0.0)
    odd = degrees % 2 == 1
    decay = np.exp(-half)
    tail = np.where(odd, _erfc(np.sqrt(half)), np.where(degrees > 0, decay, (half == 0) * 1.0))
    term = np.where(odd, decay * np.sqrt(half) * 2 / sqrt(pi), decay * half)
    for i in range(1, (int(degrees.max(initial=0)) + 1) // 2):
        tail = tail + np.where(degrees > 2 * i, term, 0.0)
        term = term * half / np.where(odd, i + 0.5, i + 1.0)
    return np.minimum(tail, 1.0)


def kolmogorov_tail(distance: ArrayLike, rows_before: ArrayLike, rows_now: ArrayLike) -> Floats:
    """Chance that two samples of one continuous distribution are that far apart; too large for tied values.

    Kolmogorov's limit with the correction of Stephens, Journal of the Royal Statistical Society B 32 (1970).

    >>> kolmogorov_tail(0.01358, 20_000, 20_000).round(2).tolist()
    0.05
    """
    before, now = np.asarray(rows_before, float), np.asarray(rows_now, float)
    root = np.sqrt(before * now / (before + now))
    scaled = np.asarray(distance, float) * (root + 0.12 + 0.11 / root)
    large = np.maximum(scaled, 0.5)
    far = 2 * sum((-1) ** (k - 1) * np.exp(-2 * (k * large) ** 2) for k in range(1, 6))
    small = np.clip(scaled, 0.05, 1.0)
    near = 1 - sqrt(2 * pi) / small * sum(np.exp(-(((2 * k - 1) * pi / small) ** 2) / 8) for k in range(1, 5))
    return np.asarray(np.where(np.isnan(scaled), np.nan, np.clip(np.where(scaled > 1, far, near), 0.0, 1.0)))


def normal_tails(z: float) -> float:
    """Chance that a standard normal value is that far from 0 on either side."""
    return erfc(abs(z) / sqrt(2))


def log_gamma(x: ArrayLike) -> Floats:
    """Logarithm of the gamma function for positive numbers, to 12 digits: Stirling's series from x + 8 on."""
    values = np.asarray(x, float)
    below = np.log(np.prod([values + i for i in range(4)], axis=0)) + np.log(
        np.prod([values + i for i in range(4, 8)], axis=0)
    )
    far = values + 8
    inverse = 1 / (far * far)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / far
    return np.asarray((far - 0.5) * np.log(far) - far + np.log(2 * pi) / 2 + series - below)


def log_choose(rows: ArrayLike, ones: ArrayLike) -> Floats:
    """Logarithm of the number of ways in which so many of the rows are ones, from 0 to all; shapes broadcast.

    >>> np.exp(log_choose(5, [0, 2, 5])).round(9).tolist()
    [1.0, 10.0, 1.0]
    """
    rows, ones = np.asarray(rows, float), np.asarray(ones, float)
    return np.asarray(log_gamma(rows + 1) - log_gamma(ones + 1) - log_gamma(rows - ones + 1))


def _erfc(x: Floats) -> Floats:
    return np.array([erfc(value) for value in x.ravel().tolist()]).reshape(x.shape)
