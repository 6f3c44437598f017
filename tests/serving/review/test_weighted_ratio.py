"""Estimates from real confidences and real errors: of 609 recordings of up to 10 s by the packaged model.

`measured.csv` holds each one's confidence, word errors and words, as `voicesearch evaluate` found them.
"""

from math import inf, log
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.detectors.confidence_sequence import Interval, ProportionSequence
from serving.automation.evidence import FINE_STAKES, log_wealth
from serving.review.sampling import Sampling, probability, uncertainty
from serving.review.weighted_ratio import MIN_COUNTED, WeightedRatio

CONFIDENCES, ERRORS, WORDS = np.loadtxt(Path(__file__).parent / "measured.csv", delimiter=",", skiprows=1).T
WRONG = (ERRORS > 0).astype(np.float64)
FLOOR = 0.02
CHANCES = np.array([probability(uncertainty(c), 0.2, Sampling(min_share=FLOOR)) for c in CONFIDENCES.tolist()])
WER, ERROR_RATE = ERRORS.sum() / WORDS.sum(), WRONG.mean()
RUNS, REVIEWS = 150, 500


def traffic(generator: np.random.Generator, reviews: int = REVIEWS) -> NDArray[np.int_]:
    """Which recordings were asked and drawn, in order."""
    asked = generator.integers(len(WORDS), size=round(reviews / CHANCES.mean()))
    drawn: NDArray[np.int_] = asked[generator.random(len(asked)) < CHANCES[asked]]
    return drawn


def words_of(drawn: NDArray[np.int_]) -> WeightedRatio:
    return WeightedRatio.of(ERRORS[drawn], WORDS[drawn], CHANCES[drawn])


def queries_of(drawn: NDArray[np.int_]) -> WeightedRatio:
    return WeightedRatio.of(WRONG[drawn], np.ones(len(drawn)), CHANCES[drawn])


def classical(drawn: NDArray[np.int_]) -> Interval:
    """Of 95 % for those who look once."""
    found = words_of(drawn)
    assert found.value is not None
    deviations = (ERRORS[drawn] - found.value * WORDS[drawn]) / CHANCES[drawn]
    half = 1.96 * deviations.std() * len(drawn) ** 0.5 / (WORDS[drawn] / CHANCES[drawn]).sum()
    return Interval(found.value - half, found.value + half)


def test_the_estimate_is_unbiased_where_the_plain_mean_is_far_off() -> None:
    generator = np.random.default_rng(0)
    runs = [traffic(generator) for _ in range(RUNS)]
    for of, truth in ((words_of, WER), (queries_of, ERROR_RATE)):
        found = np.array([of(drawn).value for drawn in runs])
        assert abs(found.mean() - truth) < 4 * found.std() / RUNS**0.5
    plain = np.mean([ERRORS[drawn].sum() / WORDS[drawn].sum() for drawn in runs])
    assert plain > WER + 0.04


def test_the_intervals_hold_at_every_look_where_a_classical_one_does_not() -> None:
    generator = np.random.default_rng(1)
    missed = {"wer": 0, "classical": 0, "error_rate": 0}
    for _ in range(RUNS):
        drawn = traffic(generator)
        looks = [drawn[:reviews] for reviews in range(100, len(drawn), 10)]
        missed["wer"] += any(WER not in words_of(look).interval() for look in looks)
        missed["classical"] += any(WER not in classical(look) for look in looks)
        missed["error_rate"] += most_evidence(drawn) > log(2 / 0.05)
    assert missed["wer"] <= 0.05 * RUNS
    assert missed["error_rate"] <= 0.05 * RUNS
    assert missed["classical"] > 0.12 * RUNS


def most_evidence(drawn: NDArray[np.int_]) -> float:
    """The most that bettors against the true share, whose fortunes end the exact interval, have had at any review."""
    weights, counts = FLOOR / CHANCES[drawn], np.arange(len(drawn) + 1)
    below = log_wealth(WRONG[drawn], weights, counts, float(ERROR_RATE), stakes=FINE_STAKES)
    above = log_wealth(1 - WRONG[drawn], weights, counts, float(1 - ERROR_RATE), stakes=FINE_STAKES)
    is_inside = ERROR_RATE in queries_of(drawn).share_interval(least_probability=FLOOR)
    assert is_inside == (max(below[-1], above[-1]) < log(2 / 0.05))
    return float(max(below.max(), above.max()))


def test_intervals_get_narrow_with_reviews_and_hold_the_estimate() -> None:
    generator = np.random.default_rng(2)
    widths = []
    for reviews in (200, 800, 3200):
        drawn = traffic(generator, reviews)
        wer, share = words_of(drawn).interval(), queries_of(drawn).share_interval(least_probability=FLOOR)
        assert (words_of(drawn).value or -1) in wer
        assert (queries_of(drawn).value or -1) in share
        widths.append((wer.width, share.width))
    assert widths[2][0] < widths[1][0] / 1.7 < widths[0][0] / 2.8
    assert widths[2][1] < widths[1][1] / 1.7 < widths[0][1] / 2.8
    assert widths[2][0] < 0.08


def test_with_equal_chances_bets_are_about_as_good_as_the_mixture_for_coins() -> None:
    ones = WRONG[:400]
    bets = WeightedRatio.of(ones, np.ones(400), np.full(400, 0.1)).share_interval(least_probability=0.1)
    coins = ProportionSequence().update(successes=ones.sum(), trials=400)
    assert bets.width < 1.25 * coins.width


def test_before_there_are_enough_nothing_is_said() -> None:
    nothing = WeightedRatio.of([], [], [])
    assert nothing.value is None
    assert nothing.interval() == Interval(0.0, inf)
    assert nothing.share_interval(least_probability=0.1) == Interval(0.0, 1.0)
    few = WeightedRatio.of([1.0] * (MIN_COUNTED - 1), [5.0] * (MIN_COUNTED - 1), [0.5] * (MIN_COUNTED - 1))
    assert few.value == pytest.approx(0.2)
    assert few.interval() == Interval(0.0, inf)
    silence = WeightedRatio.of([1.0] * 99, [0.0] * 99, [0.5] * 99)
    assert silence.value is None
    assert silence.interval() == Interval(0.0, inf)


@pytest.mark.parametrize(
    ("numerators", "denominators", "probabilities"),
    [
        ([1], [1, 1], [1]),
        ([-1], [1], [1]),
        ([float("nan")], [1], [1]),
        ([1], [float("inf")], [1]),
        ([1], [1], [0]),
        ([1], [1], [1.5]),
    ],
)
def test_what_cannot_be_is_refused(
    numerators: list[float], denominators: list[float], probabilities: list[float]
) -> None:
    with pytest.raises(ValueError, match=r"length|negative|outside"):
        WeightedRatio.of(numerators, denominators, probabilities)


def test_a_draw_below_the_floor_is_refused() -> None:
    with pytest.raises(ValueError, match=r"below 0\.1"):
        WeightedRatio.of([1], [1], [0.05]).share_interval(least_probability=0.1)
