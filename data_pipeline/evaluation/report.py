"""The report of an evaluation: one HTML file that needs nothing else. Every text in it is escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asr.decode import decode
from asr.errors import AudioError
from data_pipeline.evaluation.record import Comparison, Evaluation, SystemResult
from data_pipeline.evaluation.scores import Scores, Utterance
from data_pipeline.pages import page
from data_pipeline.pages.charts import Bar, PlacedBar, placed
from data_pipeline.pages.player import Player, player, within_budget
from data_pipeline.recordings import read_recording

WORST: Final = 30
"""Recordings that are listed, with what every system made of them."""
MOST: Final = 20
"""Words in a table of errors, texts in one of inventions, searches in one of changed results."""
FAILURES: Final = 100
"""Recordings that could not be used and are listed."""
MAX_SOUND_BYTES: Final = 6_000_000
_TEMPLATE: Final = Path(__file__).with_name("report.html")


@dataclass(frozen=True, slots=True)
class Worst:
    """One recording, and what the systems heard in it, in their order."""

    heard: tuple[Utterance, ...]
    player: Player | None
    """None where the recording is no longer there."""


def render(evaluation: Evaluation) -> str:
    """The report as HTML."""
    clean = [one for one in evaluation.systems if one.device is None]
    return page.render(
        _TEMPLATE,
        evaluation=evaluation,
        clean=clean,
        devices=[(one, _beside(one, evaluation)) for one in evaluation.systems if one.device is not None],
        comparisons=[one for one in evaluation.comparisons if one.system in {result.name for result in clean}],
        wer_bars=wer_bars({one.name: one.scores for one in evaluation.systems}),
        slice_bars={one.name: {f: wer_bars(by_value) for f, by_value in one.slices.items()} for one in clean},
        position_bars={one.name: position_bars(one) for one in clean},
        worst=worst(clean),
        MOST=MOST,
        FAILURES=FAILURES,
    )


def worst(systems: Sequence[SystemResult]) -> list[Worst]:
    """The recordings with the most word errors of all systems together, most first; words heard in noise count too."""
    heard = [of_one for of_one in zip(*(one.utterances for one in systems), strict=True) if _errors(of_one)]
    chosen = sorted(heard, key=lambda of_one: -_errors(of_one))[:WORST]
    players = [_player(of_one[0]) for of_one in chosen]
    sounding = within_budget((one for one in players if one), max_sounds=WORST, max_bytes=MAX_SOUND_BYTES)
    return [Worst(of_one, next(sounding) if one else None) for of_one, one in zip(chosen, players, strict=True)]


def wer_bars(scores: Mapping[str, Scores]) -> list[PlacedBar]:
    """Word error rates in percent, with their intervals."""
    return placed([_bar(name, one.wer, one.wer_ci95) for name, one in scores.items()])


def position_bars(result: SystemResult) -> list[PlacedBar]:
    """Word error rates in percent by where in the utterance the word stands."""
    edits = {f"{position} word": edits for position, edits in result.errors.positions.items() if edits.reference_length}
    return placed([_bar(f"{name} (of {one.reference_length})", one.rate, None) for name, one in edits.items()])


def _bar(name: str, rate: float | None, interval: tuple[float, float] | None) -> Bar:
    low, high = (100 * edge for edge in interval) if interval else (None, None)
    return Bar(name, None if rate is None else 100 * rate, low, high)


def _beside(result: SystemResult, evaluation: Evaluation) -> Comparison:
    return next(one for one in evaluation.comparisons if one.system == result.name)


def _errors(heard: Sequence[Utterance]) -> int:
    return sum(one.errors.words.errors for one in heard)


def _player(utterance: Utterance) -> Player | None:
    try:
        recording = read_recording(utterance.row)
        audio = decode(recording.data, pcm=recording.pcm)
    except (OSError, AudioError):
        return None
    return player(audio, data=recording.data if recording.pcm is None else None)
