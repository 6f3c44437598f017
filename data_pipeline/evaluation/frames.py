"""An evaluation as pandas frames, for notebooks; the extra `notebook` brings pandas. Rates are shares, not percent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, TypeVar

from data_pipeline.evaluation.confusions import WordError
from data_pipeline.evaluation.paired import Difference
from data_pipeline.evaluation.record import Evaluation, SystemResult
from data_pipeline.evaluation.scores import Scores, Utterance

if TYPE_CHECKING:
    import pandas as pd

ALL: Final = "all"
"""Field and value of what is said of all utterances together."""

Record = Mapping[str, object]
T = TypeVar("T")


def utterances_frame(evaluation: Evaluation) -> "pd.DataFrame":
    """One row for each utterance of each system: the manifest's fields, what was heard, errors, times.

    What the front end measured has `measured_` before its name, and so has a field of the manifest `row_` where a
    column of ours is called the same.
    """
    return _frame(_utterance(result, one) for result in evaluation.systems for one in result.utterances)


def slices_frame(evaluation: Evaluation) -> "pd.DataFrame":
    """One row for each slice of each system, the humans' included, and one for all its utterances."""
    results = (*evaluation.systems, *([evaluation.human.result] if evaluation.human else []))
    return _frame(
        {"system": result.name, "device": result.device, "field": field, "value": value, **_scores(scores)}
        for result in results
        for field, value, scores in _parts(result.scores, result.slices)
    )


def comparisons_frame(evaluation: Evaluation) -> "pd.DataFrame":
    """One row for each slice of each comparison, those with the humans included, and one for all its utterances."""
    human = evaluation.human.comparisons if evaluation.human else ()
    return _frame(
        {"system": one.system, "baseline": one.baseline, "field": field, "value": value, **_difference(found)}
        for one in (*evaluation.comparisons, *human)
        for field, value, found in _parts(one.overall, one.slices)
    )


def confusions_frame(evaluation: Evaluation) -> "pd.DataFrame":
    """One row for each way in which a system got a word wrong, with one example."""
    return _frame(
        {"system": result.name, "kind": kind, **_word_error(one)}
        for result in evaluation.systems
        for kind in ("substitutions", "deletions", "insertions")
        for one in getattr(result.errors, kind)
    )


def positions_frame(evaluation: Evaluation) -> "pd.DataFrame":
    """One row for each position in the utterance of each system: how often do words go wrong there?"""
    return _frame(
        {"system": result.name, "position": position.value, **asdict(edits), "wer": edits.rate}
        for result in evaluation.systems
        for position, edits in result.errors.positions.items()
    )


def reliability_frame(evaluation: Evaluation) -> "pd.DataFrame":
    """One row for each bin of each system's confidence."""
    return _frame(
        {"system": result.name, **asdict(one)}
        for result in evaluation.systems
        for one in (result.scores.confidence.bins if result.scores.confidence else ())
    )


def priorities_frame(evaluation: Evaluation) -> "pd.DataFrame":
    """One row for each slice with something to gain, most errors first."""
    return _frame({**asdict(one), "gain": one.gain} for one in evaluation.priorities)


def inventions_frame(evaluation: Evaluation) -> "pd.DataFrame":
    """One row for each text that a system wrote on clips without speech."""
    return _frame(
        {"system": result.name, "text": one.text, "count": one.count, "share": one.share}
        for result in evaluation.systems
        for one in result.inventions
    )


def searches_frame(evaluation: Evaluation) -> "pd.DataFrame":
    """One row for each utterance with a word error that was searched: what was wanted first, and what was found."""
    return _frame(
        {
            "system": result.name,
            "key": one.utterance.row.key,
            "reference": one.utterance.reference,
            "hypothesis": one.utterance.hypothesis,
            "wanted": one.wanted,
            "found": one.found,
            "changed": one.is_changed,
        }
        for result in evaluation.systems
        for one in (result.search.searched if result.search else ())
    )


def _frame(records: Iterable[Record]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame.from_records(list(records))


def _parts(overall: T, slices: Mapping[str, Mapping[str, T]]) -> Iterator[tuple[str, str, T]]:
    yield ALL, ALL, overall
    yield from ((field, value, one) for field, by_value in slices.items() for value, one in by_value.items())


def _utterance(result: SystemResult, one: Utterance) -> Record:
    answer, words, characters = one.answer, one.errors.words, one.errors.characters
    ours = {
        "system": result.name,
        "device": result.device,
        "key": one.row.key,
        "reference": one.reference,
        "hypothesis": one.hypothesis,
        "raw_hypothesis": answer.text,
        "no_speech": one.is_silent,
        "words": words.reference_length,
        "word_errors": words.errors,
        "substitutions": words.substitutions,
        "deletions": words.deletions,
        "insertions": words.insertions,
        "characters": characters.reference_length,
        "character_errors": characters.errors,
        "confidence": answer.confidence,
        "latency_ms": answer.latency_ms,
        **{f"measured_{name}": value for name, value in (answer.measured or {}).items()},
    }
    fields = {(f"row_{name}" if name in ours else name): value for name, value in one.row.as_json().items()}
    return {**ours, **fields}


def _scores(scores: Scores) -> Record:
    low, high = scores.wer_ci95 or (None, None)
    return {
        "utterances": scores.utterances,
        "words": scores.words,
        "wer": scores.wer,
        "wer_low": low,
        "wer_high": high,
        "cer": scores.cer,
        "exact_ratio": scores.exact_ratio,
        **{kind: getattr(scores.word_edits, kind) for kind in ("substitutions", "deletions", "insertions")},
        "rtfx": scores.rtfx,
        **{f"{p}_ms": getattr(scores.latency_ms, p, None) for p in ("p50", "p95", "p99")},
        "ece": scores.confidence.ece if scores.confidence else None,
        **asdict(scores.no_speech),
    }


def _difference(one: Difference) -> Record:
    low, high = one.ci95 or (None, None)
    said = {name: value for name, value in asdict(one).items() if name != "ci95"}
    return {**said, "low": low, "high": high, "verdict": one.verdict.value}


def _word_error(one: WordError) -> Record:
    example = one.examples[0]
    return {
        "said": one.said,
        "heard": one.heard,
        "count": one.count,
        "said_count": one.said_count,
        "reference": example.reference,
        "hypothesis": example.hypothesis,
        "key": example.row.key,
    }
