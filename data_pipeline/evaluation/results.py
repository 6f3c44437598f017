"""An evaluation on disk, written so that a summary means that all is there.

    failures.jsonl     the rows that were not evaluated, with the reason
    utterances.jsonl   every answer with its errors, and what the recognizer heard before it was judged
    report.html        to read
    summary.json       the scores, written last

Knows formats only; what the numbers mean stands in `data_pipeline.evaluation.scores`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from data_pipeline.evaluation.evaluate import Evaluation, SystemResult
from data_pipeline.evaluation.scores import Scores, Utterance
from data_pipeline.evaluation.systems import Heard


def write_results(evaluation: Evaluation, folder: Path) -> None:
    """All files of an evaluation; those of an earlier one are replaced. Raises OSError."""
    from data_pipeline.evaluation.report import render

    folder.mkdir(parents=True, exist_ok=True)
    summary_file = folder / "summary.json"
    summary_file.unlink(missing_ok=True)
    failed = ({**failure.row.as_json(), "error": failure.reason} for failure in evaluation.failures)
    _write_lines(failed, folder / "failures.jsonl")
    _write_lines(_utterances(evaluation), folder / "utterances.jsonl")
    (folder / "report.html").write_text(render(evaluation), "utf-8")
    summary_file.write_text(json.dumps(summary(evaluation), indent=1, allow_nan=False) + "\n", "utf-8")


def summary(evaluation: Evaluation) -> dict[str, object]:
    """The scores as JSON has them."""
    return {
        "made_at": evaluation.made_at.isoformat(timespec="seconds"),
        "convention": evaluation.convention,
        "utterances": len(evaluation.systems[0].utterances),
        "failures": len(evaluation.failures),
        "models": {result.name: _model(result) for result in evaluation.systems},
    }


def _model(result: SystemResult) -> dict[str, object]:
    by_field = {
        field: {value: scores_json(scores) for value, scores in by_value.items()}
        for field, by_value in result.slices.items()
    }
    return {**scores_json(result.scores), "slices": by_field}


def scores_json(scores: Scores) -> Mapping[str, object]:
    """One set of scores as JSON has it: field by field."""
    return asdict(scores)


def _utterances(evaluation: Evaluation) -> Iterator[Mapping[str, object]]:
    for result in evaluation.systems:
        for utterance in result.utterances:
            yield {**utterance.row.as_json(), "model": result.name, **_scored(utterance)}


def _scored(utterance: Utterance) -> dict[str, object]:
    answer = utterance.answer
    return {
        "reference": utterance.reference,
        "hypothesis": utterance.hypothesis,
        "raw_hypothesis": answer.text,
        "no_speech": utterance.is_silent,
        "confidence": answer.confidence,
        "words": asdict(utterance.errors.words),
        "characters": asdict(utterance.errors.characters),
        "latency_ms": answer.latency_ms,
        "timings_ms": answer.timings_ms,
        "heard": [_heard(one) for one in answer.heard],
    }


def _heard(heard: Heard) -> dict[str, object]:
    return {
        "text": heard.hypothesis.text,
        "token_log_probs": [round(value, 5) for value in heard.hypothesis.token_log_probs],
        "truncated": heard.hypothesis.truncated,
        "speech_probability": round(heard.speech_probability, 6),
        "duration": round(heard.duration_s, 3),
    }


def _write_lines(rows: Iterable[Mapping[str, object]], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
