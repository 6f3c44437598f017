import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy import stats

from monitoring.detectors.confidence_sequence import ProportionSequence
from monitoring.detectors.false_discovery import benjamini_hochberg, benjamini_yekutieli, e_benjamini_hochberg

Verdicts = NDArray[np.bool_]
Rule = Callable[..., Verdicts]
LEVEL, ROUNDS, TESTS, REAL = 0.1, 400, 200, 20
NOISE = 3 * 0.35 / math.sqrt(ROUNDS)


def false_share(verdicts: Verdicts) -> float:
    """The first `REAL` of each are true."""
    return float(verdicts[REAL:].sum() / max(verdicts.sum(), 1))


def z_values(seed: int, *, together: float) -> NDArray[np.float64]:
    """Of tests that share a part of their noise, of which the first few have moved."""
    rng = default_rng(seed)
    z = math.sqrt(together) * rng.normal() + math.sqrt(1 - together) * rng.normal(size=TESTS)
    z[:REAL] += 3.5
    return z


@pytest.mark.parametrize("together", [0.0, 0.5])
def test_of_what_is_believed_no_more_than_stated_is_false(together: float) -> None:
    believed = [stats.norm.sf(z_values(seed, together=together)) for seed in range(ROUNDS)]
    shares = {
        rule.__name__: np.mean([false_share(rule(p, level=LEVEL)) for p in believed])
        for rule in (benjamini_hochberg, benjamini_yekutieli)
    }
    assert shares["benjamini_hochberg"] <= LEVEL + NOISE
    assert shares["benjamini_yekutieli"] <= LEVEL / 4 + NOISE
    naive = np.mean([false_share(p <= LEVEL) for p in believed])
    assert naive > 2 * LEVEL, "without a rule it is far more"


def test_most_of_what_is_real_is_found() -> None:
    found = [benjamini_hochberg(stats.norm.sf(z_values(s, together=0.0)), level=LEVEL)[:REAL].mean() for s in range(50)]
    assert np.mean(found) > 0.8


def test_e_values_keep_the_level_whatever_their_dependence_and_find_what_is_strong() -> None:
    """Likelihood ratios of a shift of 3 that was planted at 5."""
    shares, found = [], []
    for seed in range(ROUNDS):
        z = z_values(seed, together=0.7)
        z[:REAL] += 1.5
        verdicts = e_benjamini_hochberg(3 * z - 4.5, level=LEVEL)
        shares.append(false_share(verdicts))
        found.append(verdicts[:REAL].mean())
    assert np.mean(shares) <= LEVEL
    assert np.mean(found) > 0.5


def test_e_values_of_confidence_sequences_serve_at_every_look() -> None:
    rng = default_rng(1)
    slices = [ProportionSequence() for _ in range(30)]
    for _ in range(20):
        for i, one in enumerate(slices):
            one.update(successes=rng.binomial(100, 0.05 if i else 0.12), trials=100)
        verdicts = e_benjamini_hochberg([one.log_evidence(0.05) for one in slices], level=LEVEL)
    assert verdicts.tolist() == [True] + [False] * 29


def test_it_agrees_with_scipy() -> None:
    p = default_rng(2).random(50) ** 3
    for rule, method in ((benjamini_hochberg, "bh"), (benjamini_yekutieli, "by")):
        assert (rule(p, level=0.05) == (stats.false_discovery_control(p, method=method) <= 0.05)).all()


@pytest.mark.parametrize("rule", [benjamini_hochberg, benjamini_yekutieli])
def test_what_was_not_tested_is_neither_believed_nor_counted(rule: Rule) -> None:
    p = np.array([[0.01, math.nan], [0.04, 0.9]])
    assert rule(p, level=0.1).tolist() == [[True, False], [rule is benjamini_hochberg, False]]
    assert rule([], level=0.1).tolist() == []
    assert rule([math.nan], level=0.1).tolist() == [False]


def test_endless_and_missing_evidence_and_none_at_all() -> None:
    assert e_benjamini_hochberg([math.inf, math.nan, 0.0], level=0.05).tolist() == [True, False, False]
    assert e_benjamini_hochberg([], level=0.05).tolist() == []
    enough_alone = math.log(1 / 0.049)
    assert e_benjamini_hochberg([enough_alone], level=0.05).tolist() == [True]
    assert not e_benjamini_hochberg([enough_alone, -math.inf], level=0.05).any(), "a hopeless test is a test too"
