"""What to work on next: in which part of the traffic could the most word errors be saved?

What is known to be possible is what humans do on the same recordings, or the best of the systems where no recording
has several labelers. The best of several is a little too good, the more so in small slices. Knows no file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data_pipeline.evaluation.human import HUMAN
from data_pipeline.evaluation.scores import Utterance
from data_pipeline.evaluation.slicing import Partition


@dataclass(frozen=True, slots=True)
class Priority:
    """One slice, and what is left to gain in it for the first system."""

    field: str
    value: str
    utterances: int
    """With speech."""
    share: float
    """Of the traffic."""
    wer: float
    floor: float
    """The word error rate that is known to be possible."""
    floor_of: str
    """Who reaches it: "human", or a system."""
    saved_per_1000: float
    """Word errors in 1000 queries of the whole traffic that would be gone."""

    @property
    def gain(self) -> float:
        """What is left to gain in this slice."""
        return self.wer - self.floor


def priorities(
    runs: Mapping[str, Sequence[Utterance]],
    human: Mapping[int, Utterance],
    partitions: Mapping[str, Partition],
    weights: Sequence[float],
) -> tuple[Priority, ...]:
    """All slices in which the first system has something to gain, most errors first.

    `runs` are the utterances of each system; `human` those of them that another labeler wrote down too.
    """
    first = next(iter(runs.values()))
    total = sum(weight for weight, one in zip(weights, first, strict=True) if one.is_speech)
    found = []
    for field, partition in partitions.items():
        for value, indices in partition.items():
            spoken = [index for index in indices if first[index].is_speech]
            traffic = sum(weights[index] for index in spoken)
            if not traffic:
                continue
            wer, floor, floor_of = _floor(runs, human, spoken)
            words = sum(weights[index] * first[index].errors.words.reference_length for index in spoken) / traffic
            saved = 1000 * traffic / total * words * (wer - floor)
            found.append(Priority(field, value, len(spoken), traffic / total, wer, floor, floor_of, saved))
    return tuple(sorted((one for one in found if one.saved_per_1000 > 0), key=lambda one: -one.saved_per_1000))


def _floor(
    runs: Mapping[str, Sequence[Utterance]], human: Mapping[int, Utterance], indices: Sequence[int]
) -> tuple[float, float, str]:
    """The first system's error rate, the one that is possible, and whose that is."""
    labeled = [index for index in indices if index in human]
    if labeled:
        first = next(iter(runs.values()))
        return _wer([first[index] for index in labeled]), _wer([human[index] for index in labeled]), HUMAN
    rates = {name: _wer([utterances[index] for index in indices]) for name, utterances in runs.items()}
    best = min(rates, key=lambda name: rates[name])
    return next(iter(rates.values())), rates[best], best


def _wer(utterances: Sequence[Utterance]) -> float:
    errors, words = np.array([(e.errors, e.reference_length) for e in (one.errors.words for one in utterances)]).sum(0)
    return float(errors / words)
