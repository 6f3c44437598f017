"""Which of many tests to believe: at most a given share of those believed is false, on average.

A thousand slices of thirty signals, each tested at 1 %, give three hundred alarms on a quiet day. These rules take the
values of one look. NaN stands for a test that was not made: it is not believed, and not counted among the tests.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Verdicts = NDArray[np.bool_]


def benjamini_hochberg(p_values: ArrayLike, *, level: float) -> Verdicts:
    """For tests that are independent or move together; same shape as the p-values.

    Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995).

    >>> benjamini_hochberg([0.001, 0.02, 0.03, float("nan"), 0.9], level=0.05).tolist()
    [True, True, True, False, False]
    """
    p = np.asarray(p_values, float)
    tested = np.sort(p[np.isfinite(p)])
    allowed = level * np.arange(1, len(tested) + 1) / max(len(tested), 1)
    passed = np.flatnonzero(tested <= allowed)
    limit = tested[passed[-1]] if len(passed) else -1.0
    with np.errstate(invalid="ignore"):
        return np.asarray(p <= limit)


def benjamini_yekutieli(p_values: ArrayLike, *, level: float) -> Verdicts:
    """For tests that depend on one another in any way, as a slice and those within it do; about a tenth as bold.

    Benjamini and Yekutieli, Annals of Statistics 29 (2001).
    """
    tests = int(np.isfinite(np.asarray(p_values, float)).sum())
    return benjamini_hochberg(p_values, level=level / max((1 / np.arange(1, tests + 1)).sum(), 1.0))


def e_benjamini_hochberg(log_e_values: ArrayLike, *, level: float) -> Verdicts:
    """For e-values, given as logarithms, whatever their dependence, and at every look at growing windows.

    `log_evidence` of a confidence sequence is one. Wang and Ramdas, "False discovery rate control with e-values",
    Journal of the Royal Statistical Society B 84 (2022).
    """
    return benjamini_hochberg(np.exp(-np.maximum(np.asarray(log_e_values, float), 0.0)), level=level)
