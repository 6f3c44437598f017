"""How well humans do: where several labelers wrote down one recording, each is scored against another.

Leave-one-out: every label is once the reference, and another labeler's is the hypothesis; of several others one is
drawn by hash, so that over many recordings every pair of labelers counts alike. What a system can gain is what it is
worse than that. Knows no system.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from zlib import crc32

from asr.metrics import align
from data_pipeline.evaluation.scores import Utterance
from data_pipeline.evaluation.systems import Answer
from data_pipeline.manifest import Row

HUMAN: Final = "human"
"""What the results call the labelers."""
LABELER: Final = "labeler"


def human_utterances(utterances: Sequence[Utterance]) -> dict[int, Utterance]:
    """What another labeler wrote, scored as a system's answer, by the numbers of the utterances that have one."""
    found = {}
    for index, other in _others([one.row for one in utterances]).items():
        mine, theirs = utterances[index], utterances[other]
        answer = Answer(theirs.row.text or "", latency_ms=None, computing_ms=None)
        errors = align(mine.reference, theirs.reference)
        found[index] = Utterance(mine.row, answer, errors, mine.reference, theirs.reference)
    return found


def labelers(utterances: Mapping[int, Utterance]) -> int:
    """How many different ones there are."""
    return len({one.row.field(LABELER) for one in utterances.values()})


def _others(rows: Sequence[Row]) -> dict[int, int]:
    """For each row whose recording somebody else labeled too: the number of that other row."""
    labels: dict[tuple[str, float | None], list[int]] = {}
    for index, row in enumerate(rows):
        if row.field(LABELER) is not None:
            labels.setdefault((str(row.path), row.offset_s), []).append(index)
    others = {}
    for same in labels.values():
        for index in same:
            row = rows[index]
            by_others = [other for other in same if rows[other].field(LABELER) != row.field(LABELER)]
            if by_others:
                drawn = crc32(f"{row.audio_filepath}@{row.offset_s} {row.field(LABELER)}".encode("utf-8", "replace"))
                others[index] = by_others[drawn % len(by_others)]
    return others
