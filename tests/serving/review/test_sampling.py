from pathlib import Path

import numpy as np
import pytest

from serving.review.sampler import MAX_VARIANTS, Sampler
from serving.review.sampling import Sampling, gain_for, is_drawn, probability, required_labelers, uncertainty

MEASURED = Path(__file__).parent / "measured.csv"
CONFIDENCES = np.loadtxt(MEASURED, delimiter=",", skiprows=1)[:, 0]


def ids(count: int) -> list[str]:
    return [f"req_{number:032x}" for number in range(count)]


@pytest.mark.parametrize("chance", [0.002, 0.1, 0.7])
def test_as_many_are_drawn_as_the_probability_says(chance: float) -> None:
    drawn = sum(is_drawn(one, chance) for one in ids(20_000))
    assert abs(drawn - 20_000 * chance) < 4 * (20_000 * chance * (1 - chance)) ** 0.5


def test_who_is_drawn_stays_so_with_a_larger_probability() -> None:
    few = {one for one in ids(2000) if is_drawn(one, 0.1)}
    assert few == {one for one in few if is_drawn(one, 0.3)}


def test_the_unsure_are_drawn_oftener_within_bounds() -> None:
    sampling = Sampling(min_share=0.01, max_share=0.3)
    chances = [probability(uncertainty(one), 0.4, sampling) for one in (1.0, 0.9, 0.5, 0.0)]
    assert chances == sorted(chances)
    assert (chances[0], chances[-1]) == (0.01, 0.3)


@pytest.mark.parametrize("broken", [None, float("nan"), -0.5, 2.0])
def test_an_unknown_confidence_counts_as_none(broken: float | None) -> None:
    assert uncertainty(broken) == 1.0


@pytest.mark.parametrize("wanted", [20, 60, 200])
def test_the_gain_gives_what_was_asked_for_of_real_confidences(wanted: float) -> None:
    sampling = Sampling(min_share=0.01)
    uncertain = [uncertainty(float(one)) for one in CONFIDENCES]
    gain = gain_for(uncertain, wanted, sampling)
    assert sum(probability(one, gain, sampling) for one in uncertain) == pytest.approx(wanted, rel=1e-3)


def test_more_than_all_or_less_than_the_floor_cannot_be_had() -> None:
    sampling, uncertain = Sampling(min_share=0.01), [0.0, 0.5, 1.0]
    assert probability(1.0, gain_for(uncertain, 1e9, sampling), sampling) == pytest.approx(sampling.max_share)
    assert probability(1.0, gain_for(uncertain, 0.0, sampling), sampling) == 0.01
    assert gain_for([], 5, sampling) >= 0


def test_some_have_two_labelers() -> None:
    two = sum(required_labelers(one, Sampling()) == 2 for one in ids(2000))
    assert 140 < two < 260


def test_impossible_shares_are_refused() -> None:
    with pytest.raises(ValueError, match="min_share"):
        Sampling(min_share=0.6, max_share=0.5)


def test_a_days_reviews_come_out_near_what_was_asked_for_and_a_small_variant_has_its_own() -> None:
    sampler = Sampler(Sampling(daily_reviews=200))
    generator = np.random.default_rng(0)
    drawn = {"champion": 0, "canary": 0}
    for number, one in enumerate(ids(40_000)):
        variant = "canary" if generator.random() < 0.05 else "champion"
        sure = float(generator.choice(CONFIDENCES))
        drawn[variant] += sampler.draw(one, variant=variant, confidence=sure, at=number * 86_400 / 40_000) is not None
    assert 160 < drawn["champion"] < 260
    assert 160 < drawn["canary"] < 260


def test_replicas_draw_the_same_with_the_same_past_and_variants_are_bounded() -> None:
    first, second = Sampler(Sampling()), Sampler(Sampling())
    for number, one in enumerate(ids(500)):
        asked = {"variant": f"v{number}", "confidence": 0.3, "at": float(number)}
        assert first.draw(one, **asked) == second.draw(one, **asked)  # type: ignore[arg-type]
    assert len(first._variants) == MAX_VARIANTS
