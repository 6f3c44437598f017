from importlib.resources import files

import pytest

from monitoring.behaviour.retry import FEATURES, features, shipped_detector, sound_code


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("what time is it", "what time is it"),
        ("What Time is it", "what time is it"),
        ("play songs by jack sun", "play songs by jackson"),
        ("turn on the lite in the living room", "turn on the light in the living room"),
        ("wreck a nice beach", "recognize speech"),
        ("set an alarm for 7", "please set an alarm for 7"),
    ],
)
def test_retries(first: str, second: str) -> None:
    assert shipped_detector().is_retry(first, second)
    assert shipped_detector().is_retry(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("what time is it", "play songs by jackson"),
        ("play jazz", "turn on the light in the living room"),
        ("what is the weather in boston", "remind me to call my mother"),
    ],
)
def test_other_wishes(first: str, second: str) -> None:
    assert not shipped_detector().is_retry(first, second)


def test_repeating_is_the_surest_retry() -> None:
    detector = shipped_detector()
    alike = detector.probability("turn off the light", "turn off the light")
    assert alike > detector.probability("turn off the light", "turn of delight") > 0.5
    assert alike > 0.97


@pytest.mark.parametrize("text", ["", " ", "7", "привет", "日本", "🎵", "a" * 500])
def test_features_stay_within_bounds(text: str) -> None:
    for other in (text, "what time is it", ""):
        values = features(text, other)
        assert len(values) == len(FEATURES)
        assert all(0 <= value <= 1 for value in values)


def test_numbers_and_other_scripts_have_sounds() -> None:
    assert sound_code("7") != sound_code("9")
    assert sound_code("привет") == "привет"
    assert sound_code("light") == sound_code("lite")


def test_the_card_tells_how_good_it_is() -> None:
    text = files("monitoring.behaviour").joinpath("retry.toml").read_text("utf-8")
    assert all(name in text for name in (*FEATURES, "accuracy_ci95", "fitted_to", "judged_on"))
