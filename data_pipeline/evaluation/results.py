"""An evaluation on disk, written so that a summary means that all is there.

    failures.jsonl     the rows that were not evaluated and the lines that are none, with the reason
    utterances.jsonl   every answer with its errors, and what the recognizer heard before it was judged
    report.html        to read
    summary.json       the scores and all that is concluded from them, written last

Knows formats only; what the numbers mean stands in `data_pipeline.evaluation.record`.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from data_pipeline.evaluation.answer_json import answer_json
from data_pipeline.evaluation.record import Evaluation, Failure
from data_pipeline.evaluation.scores import Utterance
from data_pipeline.evaluation.summary import summary
from data_pipeline.files import whole_file, write_json, write_whole
from data_pipeline.manifest import InvalidLine, Row

FAILURES: Final = "failures.jsonl"
UTTERANCES: Final = "utterances.jsonl"
REPORT: Final = "report.html"
SUMMARY: Final = "summary.json"
OWN_NAMES: Final = frozenset(
    {"manifest", "line", "weight", "model", "reference", "hypothesis", "no_speech", "words", "characters"}
    | {"raw_hypothesis", "confidence", "latency_ms", "computing_ms", "timings_ms", "measured", "heard"}
    | {"top_said", "top_heard", "error", "shadowed"}
)
"""What stands in a line besides the fields of the row; such a field of the row itself goes to `shadowed`."""


def write_results(evaluation: Evaluation, folder: Path) -> None:
    """All files of an evaluation; those of an earlier one are replaced. Raises OSError."""
    from data_pipeline.evaluation.report import render

    folder.mkdir(parents=True, exist_ok=True)
    (folder / SUMMARY).unlink(missing_ok=True)
    _write_lines((_failed(failure, folder) for failure in evaluation.failures), folder / FAILURES)
    _write_lines(_utterances(evaluation, folder), folder / UTTERANCES)
    write_whole(render(evaluation).encode("utf-8", "replace"), folder / REPORT)
    write_json(summary(evaluation), folder / SUMMARY)


def _utterances(evaluation: Evaluation, folder: Path) -> Iterator[Mapping[str, object]]:
    for result in evaluation.systems:
        searched = iter(result.search.searched if result.search else ())
        for utterance, weight in zip(result.utterances, evaluation.weights, strict=True):
            found = next(searched, None) if utterance.is_speech and utterance.errors.words.errors else None
            tops = {"top_said": found.wanted, "top_heard": found.found} if found else {}
            said = {"weight": weight, "model": result.name, **_scored(utterance), **tops}
            yield _line(utterance.row, said, folder)


def _line(row: Row, said: Mapping[str, object], folder: Path) -> dict[str, object]:
    """The row as its manifest has it, where that stands as seen from the results, and what is said of the row."""
    fields = row.as_json()
    shadowed = {name: value for name, value in fields.items() if name in OWN_NAMES}
    own = {**_place(row, folder), **said}
    return {**fields, **own, **({"shadowed": shadowed} if shadowed else {})}


def _failed(failure: Failure, folder: Path) -> dict[str, object]:
    """A line that is no row is given as far as it can be shown."""
    if isinstance(failure.row, InvalidLine):
        return {**_place(failure.row, folder), "invalid": failure.row.text, "error": failure.reason}
    return _line(failure.row, {"error": failure.reason}, folder)


def _place(row: Row | InvalidLine, folder: Path) -> dict[str, object]:
    manifest = Path(os.path.relpath(row.manifest.resolve(), folder.resolve())).as_posix()
    return {"manifest": manifest, "line": row.line}


def _scored(utterance: Utterance) -> dict[str, object]:
    return {
        "reference": utterance.reference,
        "hypothesis": utterance.hypothesis,
        "no_speech": utterance.is_silent,
        "words": asdict(utterance.errors.words),
        "characters": asdict(utterance.errors.characters),
        **answer_json(utterance.answer),
    }


def _write_lines(rows: Iterable[Mapping[str, object]], path: Path) -> None:
    with whole_file(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
