"""How far a hypothesis is trusted: bounded, monotone, and right more often where it is surer."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.confidence import FEATURES, Calibration, features, letters, trust
from asr.loading import load_pipeline
from asr.metrics import word_errors
from asr.pipeline import transcribe
from asr.recognizer import Hypothesis
from asr.registry import read_registry
from tests.conftest import Recording

weights = st.dictionaries(
    st.sampled_from([f"{target}_{name}" for target in ("speech", "text") for name in FEATURES]), st.floats(-1e6, 1e6)
)
log_probs = st.lists(st.floats(-1e4, 0), max_size=10).map(tuple)
PHANTOMS = ("you", "thank you")


def heard(text: str, *token_log_probs: float) -> Hypothesis:
    return Hypothesis(text, (), tuple(range(len(token_log_probs))), token_log_probs)


def shipped() -> Calibration:
    model = read_registry().find("moonshine-tiny-en")
    return Calibration.read(model.calibration, model.phantoms)


@given(weights, st.text(max_size=20), log_probs, st.floats(0, 1))
def test_trust_is_a_probability(
    given_weights: dict[str, float], text: str, token_log_probs: tuple[float, ...], speech_probability: float
) -> None:
    calibration = Calibration.read(given_weights, PHANTOMS)
    trusted = trust(heard(text, *token_log_probs), speech_probability, calibration)
    assert 0 <= trusted.speech <= 1
    assert 0 <= trusted.text <= 1


@given(st.text(alphabet=" .,!?-…\n", max_size=10))
def test_a_text_without_letters_is_no_speech(text: str) -> None:
    trusted = trust(heard(text, -0.01), 1.0, shipped())
    assert (trusted.speech, trusted.text) == (0.0, 0.0)


def test_features_are_named_and_finite() -> None:
    for probability in (0.0, 0.5, 1.0):
        values = features(heard("Thank you!", -0.5, -1.5), probability, frozenset(PHANTOMS))
        assert tuple(values) == FEATURES
        assert all(map(math.isfinite, values.values()))
    assert values["mean_log_prob"] == -1.0
    assert values["lowest_log_prob"] == -1.5
    assert values["phantom"] == 1.0
    assert values["log_words"] == pytest.approx(math.log(3))


@pytest.mark.parametrize("text", ["Thank you.", " thank  YOU!", "Thank-you"])
def test_a_phantom_is_known_however_it_is_written(text: str) -> None:
    assert letters(text) in PHANTOMS


def test_all_shipped_weights_are_known() -> None:
    model = read_registry().find("moonshine-tiny-en")
    known = {f"{target}_{name}" for target in ("speech", "text") for name in FEATURES} | {"min_speech"}
    assert set(model.calibration) <= known
    assert any(shipped().text.values())
    assert all(letters(phantom) == phantom for phantom in model.phantoms)


def test_what_is_missing_weighs_nothing() -> None:
    calibration = Calibration.read({}, ())
    assert trust(heard("Hello.", -1.0), 0.9, calibration).speech == 0.5
    assert calibration.min_speech == 0.5


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_evidence_of_a_voice_is_more_trust(one: float, other: float) -> None:
    less, more = sorted([one, other])
    hypothesis = heard("Turn on the lamp.", -0.2, -0.4, -0.1)
    assert trust(hypothesis, less, shipped()).speech <= trust(hypothesis, more, shipped()).speech


def test_a_phantom_and_an_unsure_text_are_trusted_less() -> None:
    sure, unsure = heard("Lamp.", -0.05, -0.1), heard("Lamp.", -2.0, -4.0)
    assert trust(sure, 0.9, shipped()).text > trust(unsure, 0.9, shipped()).text
    assert trust(sure, 0.3, shipped()).speech > trust(replace(sure, text="You"), 0.3, shipped()).speech


def test_right_transcripts_are_surer_than_wrong_ones(speech: list[Recording]) -> None:
    results = transcribe([recording.path.read_bytes() for recording in speech], load_pipeline())
    errors = word_errors([recording.text for recording in speech], [result.text for result in results])
    right = [one.confidence for one, e in zip(results, errors.utterances, strict=True) if e.words.errors == 0]
    wrong = [one.confidence for one, e in zip(results, errors.utterances, strict=True) if e.words.errors > 0]
    order = [a > b for a in right for b in wrong]
    assert min(len(right), len(wrong)) >= 10
    assert np.mean(order) > 0.7
