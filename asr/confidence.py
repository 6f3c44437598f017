"""How far a hypothesis can be trusted: was there speech at all, and is the text right?

Both are logistic regressions, fitted to real recordings by offline evaluation and stored with the model in the
registry. A model that hears noise writes what it saw most often over silence in training ("You", "Thank you for
watching!"), and is sure of it; so the evidence of the voice detector and the model's own list of such phantoms are
weighed together with the token probabilities. Knows no model and no detector, only their numbers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from asr.recognizer import Hypothesis

_LOWEST: Final = 0.01

FEATURES: Final = ("intercept", "mean_log_prob", "lowest_log_prob", "speech_logit", "phantom", "log_words")
"""Names of the weights of one regression."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The two regressions of one model."""

    speech: Mapping[str, float]
    """Weights by the names of `FEATURES`: is there speech?"""
    text: Mapping[str, float]
    """Weights by the names of `FEATURES`: is every word right?"""
    phantoms: frozenset[str]
    """What the model writes where there is no speech: lower case, letters and single spaces only."""
    min_speech: float = 0.5
    """Below this probability of speech there is none."""

    @classmethod
    def read(cls, weights: Mapping[str, float], phantoms: Sequence[str]) -> "Calibration":
        """From a registry entry, where the names are `speech_...` and `text_...`; what is missing weighs 0."""
        speech, text = (
            {name: weights.get(f"{target}_{name}", 0.0) for name in FEATURES} for target in ("speech", "text")
        )
        return cls(speech, text, frozenset(phantoms), weights.get("min_speech", 0.5))


@dataclass(frozen=True, slots=True)
class Trust:
    """Probabilities in [0, 1]."""

    speech: float
    """That somebody speaks."""
    text: float
    """That every word is right."""


def features(hypothesis: Hypothesis, speech_probability: float, phantoms: frozenset[str]) -> dict[str, float]:
    """What the regressions weigh; `speech_probability` is the detector's, in [0, 1]."""
    log_probs = hypothesis.token_log_probs or (0.0,)
    written = letters(hypothesis.text)
    bounded = min(max(speech_probability, _LOWEST), 1 - _LOWEST)
    return {
        "intercept": 1.0,
        "mean_log_prob": sum(log_probs) / len(log_probs),
        "lowest_log_prob": min(log_probs),
        "speech_logit": math.log(bounded / (1 - bounded)),
        "phantom": float(written in phantoms),
        "log_words": math.log1p(len(written.split())),
    }


def trust(hypothesis: Hypothesis, speech_probability: float, calibration: Calibration) -> Trust:
    """How far a hypothesis can be trusted; an empty text is no speech for certain."""
    if not letters(hypothesis.text):
        return Trust(0.0, 0.0)
    values = features(hypothesis, speech_probability, calibration.phantoms)
    return Trust(_logistic(calibration.speech, values), _logistic(calibration.text, values))


def letters(text: str) -> str:
    """Letters and digits in lower case, everything else one space: what makes two phantoms the same."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def _logistic(weights: Mapping[str, float], values: Mapping[str, float]) -> float:
    score = sum(weights[name] * value for name, value in values.items())
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, score))))
