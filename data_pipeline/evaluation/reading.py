"""Reads a saved evaluation into the record it was written from, so that nothing is recognized again.

What was said of the answers is computed anew from them; that takes a second where recognizing took minutes.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from asr.metrics import align
from data_pipeline.errors import InvalidEvaluation
from data_pipeline.evaluation.answer_json import read_answer
from data_pipeline.evaluation.record import Evaluation, Failure, Run, conclude
from data_pipeline.evaluation.results import FAILURES, OWN_NAMES, SUMMARY, UTTERANCES
from data_pipeline.evaluation.scores import Utterance
from data_pipeline.evaluation.slicing import read_slicing
from data_pipeline.manifest import InvalidLine, Row, parse_row


def read_results(folder: Path) -> Evaluation:
    """The evaluation that `write_results` wrote. Raises InvalidEvaluation."""
    if not (folder / SUMMARY).is_file():
        raise InvalidEvaluation(f"{folder}: no complete evaluation, {SUMMARY} is missing")
    try:
        summary = json.loads((folder / SUMMARY).read_bytes())
        answered: dict[str, list[Mapping[str, Any]]] = {name: [] for name in summary["models"]}
        for values in _lines(folder / UTTERANCES):
            answered[values["model"]].append(values)
        if any(len(lines) != summary["utterances"] for lines in answered.values()):
            raise ValueError(f"{UTTERANCES} does not hold all that {SUMMARY} is about")
        return _concluded(folder, summary, answered)
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise InvalidEvaluation(f"{folder}: {error!r}") from None


def _concluded(folder: Path, summary: Mapping[str, Any], answered: Mapping[str, list[Mapping[str, Any]]]) -> Evaluation:
    first = next(iter(answered.values()))
    tops: dict[str, str | None] = {}
    for values in (line for lines in answered.values() for line in lines if "top_said" in line):
        tops |= {values["text"]: values["top_said"], values["raw_hypothesis"]: values["top_heard"]}
    devices = {name: model["device"] for name, model in summary["models"].items()}
    baselines = {one["system"]: one["baseline"] for one in summary["comparisons"]}
    return conclude(
        [
            Run(name, tuple(_utterance(one, folder) for one in lines), devices[name], baselines.get(name))
            for name, lines in answered.items()
        ],
        failures=[_failure(one, folder) for one in _lines(folder / FAILURES)],
        convention=summary["convention"],
        made_at=datetime.fromisoformat(summary["made_at"]),
        slicings=[read_slicing(text) for text in summary["slicings"]],
        min_slice=summary["min_slice"],
        weights=[one["weight"] for one in first],
        top=tops.__getitem__ if tops else None,
    )


def _failure(values: Mapping[str, Any], folder: Path) -> Failure:
    if "audio_filepath" in values:
        return Failure(_row(values, folder), values["error"])
    line = InvalidLine(folder / values["manifest"], values["line"], values["error"], values["invalid"])
    return Failure(line, line.reason)


def _utterance(values: Mapping[str, Any], folder: Path) -> Utterance:
    reference, hypothesis = values["reference"], values["hypothesis"]
    answer = read_answer(values)
    return Utterance(_row(values, folder), answer, align(reference, hypothesis), reference, hypothesis)


def _row(values: Mapping[str, Any], folder: Path) -> Row:
    fields = {name: value for name, value in values.items() if name not in OWN_NAMES} | values.get("shadowed", {})
    return parse_row(json.dumps(fields).encode(), manifest=folder / values["manifest"], line=values["line"])


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as file:
        yield from map(json.loads, file)
