"""Pictures for notebooks: a recording on its way through the front end, and scores with their intervals.

Draws what other modules computed, and computes nothing. Needs the extra `notebook`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from asr.audio import SAMPLE_RATE_HZ, Audio, Span
from asr.vad import ClippingRule, VoiceActivity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SOUND: Final = "#4c6a92"
KEPT: Final = "#e8b04a"
SPEECH: Final = "#3b8a5a"


def waveform(audio: Audio, *, kept: Sequence[Span] = (), title: str = "") -> "Axes":
    """Samples over seconds; kept spans are shaded."""
    axes = _axes(title, height=1.8)
    axes.plot(np.arange(len(audio.samples)) / SAMPLE_RATE_HZ, audio.samples, linewidth=0.4, color=SOUND)
    for span in kept:
        axes.axvspan(span.start_s, span.end_s, color=KEPT, alpha=0.3)
    axes.set(xlabel="s", ylabel="amplitude", xlim=(0, audio.duration_s))
    return axes


def voice_activity(activity: VoiceActivity, rule: ClippingRule, spans: Sequence[Span], *, title: str = "") -> "Axes":
    """Probability of speech for each frame, the thresholds of the rule, and the speech that it finds."""
    axes = _axes(title, height=1.8)
    centres_s = (np.arange(len(activity.probabilities)) + 0.5) * activity.hop_s
    axes.step(centres_s, activity.probabilities, where="mid", color=SOUND)
    for threshold in (rule.threshold, rule.release_threshold):
        axes.axhline(threshold, color="grey", linewidth=0.8, linestyle="--")
    for span in spans:
        axes.axvspan(span.start_s, span.end_s, color=SPEECH, alpha=0.2)
    axes.set(xlabel="s", ylabel="P(speech)", xlim=(0, activity.duration_s), ylim=(-0.02, 1.02))
    return axes


def bars(values: "pd.Series", *, label: str, title: str = "") -> "Axes":
    """One horizontal bar for each entry, the first on top, its figure beside it."""
    axes = _axes(title, height=0.6 + 0.3 * len(values))
    drawn = axes.barh(_names(values.index[::-1]), values.to_numpy()[::-1], color=SOUND)
    axes.bar_label(drawn, fmt="%.3g", padding=3)
    axes.set_xlabel(label)
    return axes


def intervals(frame: "pd.DataFrame", *, value: str, low: str, high: str, label: str, title: str = "") -> "Axes":
    """One line for each row of a frame: a point at `value`, a bar from `low` to `high`; undefined ones are left out."""
    known = frame[frame[[value, low, high]].notna().all(axis=1)][::-1]
    axes = _axes(title, height=0.6 + 0.3 * len(known))
    reach = (known[value] - known[low], known[high] - known[value])
    names = _names(known.index)
    axes.errorbar(known[value], names, xerr=[np.maximum(side, 0) for side in reach], fmt="o", color=SOUND, capsize=3)
    axes.set_xlabel(label)
    return axes


def lines(frame: "pd.DataFrame", *, label: str, title: str = "") -> "Axes":
    """One line for each column over the numbers of the index."""
    axes = _axes(title, height=3)
    for column in frame.columns:
        axes.plot(frame.index, frame[column], marker="o", label=str(column))
    axes.set(xlabel=str(frame.index.name), ylabel=label, ylim=(0, None))
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return axes


def reliability(frame: "pd.DataFrame", *, title: str = "") -> "Axes":
    """Bins of a confidence (columns `confidence`, `exact_ratio`, `utterances`) against the share that is right."""
    axes = _axes(title, height=3)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
    axes.scatter(frame["confidence"], frame["exact_ratio"], s=4 * frame["utterances"], color=SOUND, alpha=0.7)
    axes.set(xlabel="confidence", ylabel="share without an error", xlim=(0, 1), ylim=(0, 1.03), aspect="equal")
    return axes


def _names(index: "pd.Index") -> list[str]:
    return [", ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in index]


def _axes(title: str, *, height: float) -> "Axes":
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(figsize=(8, height), layout="constrained")
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    return axes
