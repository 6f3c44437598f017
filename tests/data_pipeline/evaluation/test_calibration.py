"""Logistic regression and thresholds on numbers whose answer is known, and a fit to real recordings."""

import tomllib

import numpy as np
import pytest

from asr.confidence import FEATURES, Calibration
from data_pipeline.errors import NothingToEvaluate
from data_pipeline.evaluation.calibration import Cases, auc, choose_threshold, fit, regress
from data_pipeline.evaluation.record import Evaluation
from data_pipeline.evaluation.scores import reliability

WEIGHTS = np.array([0.5, 1.0, -2.0, 0.0, 0.8, 0.3])


def drawn(count: int) -> Cases:
    generator = np.random.default_rng(0)
    values = generator.standard_normal((count, len(FEATURES)))
    values[:, 0] = 1.0
    targets = generator.random(count) < 1 / (1 + np.exp(-values @ WEIGHTS))
    return Cases(values, targets, tuple(range(count)))


def test_known_weights_are_found_again() -> None:
    found = regress(drawn(20_000), "speech")
    np.testing.assert_allclose([found.weights[name] for name in FEATURES], WEIGHTS, atol=0.1)
    assert found.reliability.ece < 0.02


@pytest.mark.parametrize("constant", [0.0, 0.1, -3.7, 1e6])
def test_a_feature_that_never_varies_has_no_weight(constant: float) -> None:
    cases = drawn(300)
    cases.features[:, 4] = constant
    found = regress(cases, "speech").weights
    assert found[FEATURES[4]] == 0.0
    assert max(map(abs, found.values())) < 5


def test_no_group_is_judged_by_a_fit_that_saw_it() -> None:
    cases = drawn(240)
    noise = Cases(cases.features, np.arange(240) // 40 % 2 == 0, tuple(np.arange(240) // 40))
    memory = np.zeros((240, len(FEATURES)))
    memory[:, 0], memory[np.arange(240), 1] = 1.0, np.arange(240) // 40
    assert regress(Cases(memory, noise.targets, noise.groups), "speech").auc < 0.9


@pytest.mark.parametrize("groups", [(0,) * 10, tuple(range(10))])
def test_one_kind_of_case_or_one_group_is_not_enough(groups: tuple[int, ...]) -> None:
    targets = np.arange(10) < (5 if groups[1] == 0 else 10)
    with pytest.raises(NothingToEvaluate):
        regress(Cases(np.ones((10, len(FEATURES))), targets, groups), "text")


def test_auc_is_the_share_of_pairs_in_order() -> None:
    assert auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True])) == 3.5 / 4


def test_threshold_lies_between_noise_and_speech() -> None:
    apart = choose_threshold(np.full(300, 0.9), np.full(200, 0.1))
    assert apart.min_speech == pytest.approx(0.5)
    assert (apart.missed, apart.invented, apart.holds) == (0, 0, True)


def test_threshold_says_when_no_value_keeps_both_bounds() -> None:
    mixed = choose_threshold(np.linspace(0.2, 1, 300), np.linspace(0, 0.6, 100), missed=5)
    assert mixed.missed == 5
    assert not mixed.holds


def test_reliability_is_the_mean_gap() -> None:
    found = reliability([0.9, 0.9, 0.2, 0.2], [True, False, False, False])
    assert found is not None
    assert found.ece == pytest.approx((2 * 0.4 + 2 * 0.2) / 4)


def test_a_fit_to_real_recordings_is_what_the_registry_takes(evaluation: Evaluation) -> None:
    fitted = fit(evaluation.systems[0].utterances, frozenset({"you"}))
    weights = tomllib.loads(fitted.as_toml())["calibration"]
    read = Calibration.read(weights, ["you"])
    assert read.speech["speech_logit"] > 0
    assert read.min_speech == pytest.approx(fitted.threshold.min_speech, rel=1e-3)
    assert fitted.speech.auc > 0.9
