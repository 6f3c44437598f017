"""Fits the two regressions of `asr.confidence` to an evaluation: is there speech, and is every word right?

Logistic regression with an L2 penalty, judged by cross-validation in which no speaker and no noise file stands on
both sides. The threshold of speech is chosen on cross-validated probabilities, for a bound on missed speech and one
on words heard in noise. Knows numbers, not sound.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.confidence import FEATURES, features, letters
from asr.convention import SCORING
from data_pipeline.errors import NothingToEvaluate
from data_pipeline.evaluation.scores import Reliability, Utterance, reliability, speaker

FOLDS: Final = 6
PENALTY: Final = 1.0
"""Of half the squared weights of standardized features, against the summed log loss."""
CONSTANT: Final = 1e-9
"""A feature whose deviation is smaller than this share of its values varies by rounding only."""
MAX_MISSED: Final = 0.005
"""Share of the clips with speech that may be called no-speech."""
MAX_INVENTED: Final = 2 / 110
"""Share of the noise pieces on which words may be heard."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cases:
    """What one regression is fitted to."""

    features: Matrix
    """Shape (cases, features), in the order of `asr.confidence.FEATURES`."""
    targets: NDArray[np.bool_]
    """Shape (cases,)."""
    groups: tuple[Hashable, ...]
    """Cases of one group are never on both sides of a fold."""


@dataclass(frozen=True, slots=True)
class Regression:
    """One fitted regression and its cross-validated quality."""

    weights: Mapping[str, float]
    probabilities: Matrix
    """Shape (cases,), each by a regression that never saw the case's group."""
    auc: float
    reliability: Reliability


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where speech begins, and what that costs, cross-validated."""

    min_speech: float
    missed: int
    """Clips with speech that are called no-speech, those without any word included."""
    speech_clips: int
    invented: int
    """Noise pieces on which words are heard."""
    noise_clips: int
    holds: bool
    """Are both bounds kept?"""


@dataclass(frozen=True, slots=True)
class Fit:
    """All that a registry entry needs, and how good it is."""

    speech: Regression
    text: Regression
    threshold: Threshold

    def as_toml(self) -> str:
        """The `calibration` line of a model in the registry."""
        values = {f"speech_{name}": weight for name, weight in self.speech.weights.items()}
        values |= {f"text_{name}": weight for name, weight in self.text.weights.items()}
        values["min_speech"] = self.threshold.min_speech
        line = "calibration = { " + ", ".join(f"{name} = {value:.4g}" for name, value in values.items()) + " }"
        at = self.threshold
        return "\n".join(
            (
                "# cross-validated over speakers and noise files:",
                f"# speech AUC {self.speech.auc:.4f}, ECE {self.speech.reliability.ece:.4f}; {at.missed} of "
                f"{at.speech_clips} clips with speech missed, words on {at.invented} of {at.noise_clips} noise clips"
                + ("" if at.holds else " (NOT within the bounds)"),
                f"# text   AUC {self.text.auc:.4f}, ECE {self.text.reliability.ece:.4f}",
                line,
            )
        )


def fit(utterances: Sequence[Utterance], phantoms: frozenset[str]) -> Fit:
    """Fit to one system's utterances; clips that were heard in several pieces are left out.

    Raises NothingToEvaluate where there are not both kinds of case for each regression, from two groups.
    """
    whole = [one for one in utterances if len(one.answer.heard) <= 1]
    heard = [one for one in whole if not _is_wordless(one)]
    silent = [one.is_speech for one in whole if _is_wordless(one)]
    values = np.array([_features(one, phantoms) for one in heard], np.float64).reshape(-1, len(FEATURES))
    is_speech = np.array([one.is_speech for one in heard], np.bool_)
    is_right = np.array([_is_right(one) for one in heard], np.bool_)
    groups = tuple(speaker(one.row) if one.is_speech else one.row.audio_filepath for one in heard)
    of_speech = tuple(group for group, kept in zip(groups, is_speech, strict=True) if kept)
    speech = regress(Cases(values, is_speech, groups), "speech")
    text = regress(Cases(values[is_speech], is_right[is_speech], of_speech), "text")
    threshold = choose_threshold(
        speech.probabilities[is_speech], speech.probabilities[~is_speech], silent.count(True), silent.count(False)
    )
    return Fit(speech, text, threshold)


def regress(cases: Cases, target: str) -> Regression:
    """Fit to all cases; quality by cross-validation over groups. Raises NothingToEvaluate."""
    folds = _folds(cases)
    for part in (cases.targets, *(cases.targets[folds != fold] for fold in np.unique(folds))):
        if len(np.unique(part)) < 2 or len(np.unique(folds)) < 2:
            raise NothingToEvaluate(f"calibration of `{target}` needs both kinds of case from several speakers")
    probabilities = np.empty(len(cases.targets))
    for fold in np.unique(folds):
        weights = _weights(cases.features[folds != fold], cases.targets[folds != fold])
        probabilities[folds == fold] = _logistic(cases.features[folds == fold] @ weights)
    if (judged := reliability(probabilities.tolist(), cases.targets.tolist())) is None:
        raise NothingToEvaluate(f"calibration of `{target}` has no case")
    fitted = _weights(cases.features, cases.targets)
    return Regression(
        dict(zip(FEATURES, fitted.tolist(), strict=True)), probabilities, auc(probabilities, cases.targets), judged
    )


def choose_threshold(speech: Matrix, noise: Matrix, missed: int = 0, quiet: int = 0) -> Threshold:
    """The middle (in log odds) of what keeps both bounds; if nothing does, what keeps that on missed speech.

    `missed` and `quiet` are clips with and without speech on which no word was heard, whatever the threshold.
    """
    speech_clips, noise_clips = len(speech) + missed, len(noise) + quiet
    allowed_missed = max(0, int(MAX_MISSED * speech_clips) - missed)
    allowed_invented = int(MAX_INVENTED * noise_clips)
    highest = float(np.sort(speech)[allowed_missed])
    lowest = float(np.sort(noise)[::-1][allowed_invented]) if len(noise) > allowed_invented else 0.0
    at = float(_logistic(np.array((_logit(lowest) + _logit(highest)) / 2))) if lowest < highest else highest
    lost, found = int((speech < at).sum()) + missed, int((noise >= at).sum())
    holds = lost <= MAX_MISSED * speech_clips and found <= MAX_INVENTED * noise_clips
    return Threshold(at, lost, speech_clips, found, noise_clips, holds)


def auc(scores: Matrix, targets: NDArray[np.bool_]) -> float:
    """Probability that a positive case scores higher than a negative one (Mann and Whitney); ties count half."""
    from scipy.stats import rankdata

    positives = int(targets.sum())
    ranks = float(rankdata(scores)[targets].sum())
    return (ranks - positives * (positives + 1) / 2) / (positives * (len(targets) - positives))


def _features(utterance: Utterance, phantoms: frozenset[str]) -> list[float]:
    heard = utterance.answer.heard[0]
    values = features(heard.hypothesis, heard.speech_probability, phantoms)
    return [values[name] for name in FEATURES]


def _is_wordless(utterance: Utterance) -> bool:
    return not (utterance.answer.heard and letters(utterance.answer.heard[0].hypothesis.text))


def _is_right(utterance: Utterance) -> bool:
    return SCORING.apply(utterance.answer.heard[0].hypothesis.text) == utterance.reference


def _folds(cases: Cases) -> NDArray[np.int64]:
    """Each case's fold: the largest groups first, each where the fewest cases of its kind are."""
    members: dict[Hashable, list[int]] = {}
    for index, group in enumerate(cases.groups):
        members.setdefault(group, []).append(index)
    filled = np.zeros((FOLDS, 2))
    folds = np.zeros(len(cases.groups), np.int64)
    for indices in sorted(members.values(), key=lambda some: -len(some)):
        kinds = np.bincount(cases.targets[indices].astype(int), minlength=2)
        fold = int(np.argmin(filled[:, int(kinds.argmax())]))
        filled[fold] += kinds
        folds[indices] = fold
    return folds


def _weights(values: Matrix, targets: NDArray[np.bool_]) -> Matrix:
    """Weights for the features as they are: the first is the intercept, not penalized; what never varies weighs 0."""
    from scipy.optimize import minimize

    mean, scale = values.mean(axis=0), values.std(axis=0)
    varies = scale > CONSTANT * np.abs(values).max(axis=0)
    scale = np.where(varies, scale, 1.0)
    standard = np.where(varies, (values - mean) / scale, 0.0)
    mean[0], standard[:, 0] = 0.0, 1.0
    penalized = np.arange(values.shape[1]) > 0

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        margin = standard @ weights
        gradient = standard.T @ (_logistic(margin) - targets) + PENALTY * weights * penalized
        total = np.logaddexp(0, margin).sum() - margin[targets].sum() + PENALTY / 2 * (weights[penalized] ** 2).sum()
        return float(total), gradient

    found: Matrix = minimize(loss, np.zeros(values.shape[1]), jac=True, method="L-BFGS-B").x / scale
    found[0] -= float(mean[1:] @ found[1:])
    return found


def _logistic(margin: Matrix) -> Matrix:
    result: Matrix = 1 / (1 + np.exp(-np.clip(margin, -50, 50)))
    return result


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(bounded / (1 - bounded)))
