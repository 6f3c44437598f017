"""An evaluation as JSON: what gates, notebooks and other tools read. Names in it are kept; see also `frames`."""

from collections.abc import Mapping
from dataclasses import asdict

from data_pipeline.evaluation.confusions import ErrorTables, WordError
from data_pipeline.evaluation.inventions import Invention
from data_pipeline.evaluation.paired import Difference
from data_pipeline.evaluation.record import Comparison, Evaluation, HumanLevel, SystemResult
from data_pipeline.evaluation.scores import Scores, Utterance
from data_pipeline.evaluation.search_damage import SearchDamage

MOST = 30
"""Of the word errors of each kind; the utterances hold them all."""


def summary(evaluation: Evaluation) -> dict[str, object]:
    """The record without its utterances, as JSON has it."""
    return {
        "made_at": evaluation.made_at.isoformat(timespec="seconds"),
        "convention": evaluation.convention,
        "slicings": list(map(str, evaluation.slicings)),
        "min_slice": evaluation.min_slice,
        "utterances": len(evaluation.systems[0].utterances),
        "failures": len(evaluation.failures),
        "models": {result.name: _model(result) for result in evaluation.systems},
        "comparisons": [comparison_json(one) for one in evaluation.comparisons],
        "human": _human(evaluation.human) if evaluation.human else None,
        "priorities": [{**asdict(one), "gain": one.gain} for one in evaluation.priorities],
    }


def scores_json(scores: Scores) -> Mapping[str, object]:
    """One set of scores as JSON has it: field by field."""
    return asdict(scores)


def comparison_json(comparison: Comparison) -> dict[str, object]:
    """A comparison, overall and by slice."""
    slices = {
        field: {value: _difference(one) for value, one in by_value.items()}
        for field, by_value in comparison.slices.items()
    }
    names = {"system": comparison.system, "baseline": comparison.baseline}
    return {**names, **_difference(comparison.overall), "slices": slices}


def _model(result: SystemResult) -> dict[str, object]:
    return {
        **scores_json(result.scores),
        "slices": _slices(result),
        "device": result.device,
        "errors": _errors(result.errors),
        "inventions": [_invention(one) for one in result.inventions[:MOST]],
        "search": _search(result.search) if result.search else None,
    }


def _slices(result: SystemResult) -> dict[str, dict[str, Mapping[str, object]]]:
    return {
        field: {value: scores_json(scores) for value, scores in by_value.items()}
        for field, by_value in result.slices.items()
    }


def _difference(one: Difference) -> dict[str, object]:
    return {**asdict(one), "verdict": one.verdict.value}


def _human(human: HumanLevel) -> dict[str, object]:
    return {
        "labelers": human.labelers,
        **scores_json(human.result.scores),
        "slices": _slices(human.result),
        "comparisons": [comparison_json(one) for one in human.comparisons],
    }


def _errors(tables: ErrorTables) -> dict[str, object]:
    return {
        "substitutions": [_word_error(one) for one in tables.substitutions[:MOST]],
        "deletions": [_word_error(one) for one in tables.deletions[:MOST]],
        "insertions": [_word_error(one) for one in tables.insertions[:MOST]],
        "positions": {
            position.value: {**asdict(edits), "rate": edits.rate} for position, edits in tables.positions.items()
        },
    }


def _word_error(one: WordError) -> dict[str, object]:
    examples = [_example(utterance) for utterance in one.examples]
    return {
        "said": one.said,
        "heard": one.heard,
        "count": one.count,
        "said_count": one.said_count,
        "examples": examples,
    }


def _invention(one: Invention) -> dict[str, object]:
    examples = [_example(utterance) for utterance in one.examples]
    return {"text": one.text, "count": one.count, "share": one.share, "examples": examples}


def _example(utterance: Utterance) -> dict[str, object]:
    return {"key": utterance.row.key, "reference": utterance.reference, "hypothesis": utterance.hypothesis}


def _search(damage: SearchDamage) -> dict[str, object]:
    return {
        "utterances": damage.utterances,
        "with_errors": len(damage.searched),
        "changed": damage.changed,
        "changed_ratio": damage.changed_ratio,
        "changed_ci95": damage.changed_ci95,
        "lost": damage.lost,
        "kept": damage.kept,
        "unfindable": damage.unfindable,
    }
