"""Offline evaluation: systems answer the recordings of a manifest, and every answer is scored in one convention.

All systems are scored on the same utterances: a recording that one of them could not use counts for none, and is
listed with the reason. Writes nothing; `data_pipeline.evaluation.results` does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from asr.convention import SCORING, Convention
from asr.errors import AudioError
from asr.metrics import word_errors
from data_pipeline.errors import NothingToEvaluate
from data_pipeline.evaluation.scores import Scores, Utterance, score, slices
from data_pipeline.evaluation.systems import Answer, System
from data_pipeline.manifest import Row
from data_pipeline.recordings import Recording, read_recording


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that was not evaluated."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class SystemResult:
    """How one system did."""

    name: str
    utterances: tuple[Utterance, ...]
    scores: Scores
    slices: Mapping[str, Mapping[str, Scores]]
    """By manifest field, then by its value."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The whole result."""

    systems: tuple[SystemResult, ...]
    failures: tuple[Failure, ...]
    convention: str
    """Name and version of what both sides were written in."""
    made_at: datetime


def evaluate(
    rows: Iterable[Row],
    systems: Sequence[System],
    *,
    slice_fields: Sequence[str] = (),
    min_slice: int = 1,
    batch_size: int = 1,
    convention: Convention = SCORING,
    on_done: Callable[[str, int], None] = lambda system, count: None,
) -> Evaluation:
    """Let every system answer every row, one recording at a time unless `batch_size` is larger.

    The first recording is answered once before, so that no latency holds what is done only once. `on_done` hears
    how many recordings a system has finished. Raises NothingToEvaluate.
    """
    wanted = list(rows)
    failures = {index: "no reference text" for index, row in enumerate(wanted) if row.text is None}
    answers: list[dict[int, Answer]] = []
    for system in systems:
        left = {index: row for index, row in enumerate(wanted) if index not in failures}
        _warm_up(system, left.values())
        found: dict[int, Answer | str] = {}
        for batch in _batches(left, batch_size):
            found |= _answers(system, batch)
            on_done(system.name, len(batch))
        failures |= {index: reason for index, reason in found.items() if isinstance(reason, str)}
        answers.append({index: answer for index, answer in found.items() if isinstance(answer, Answer)})
    kept = [index for index in range(len(wanted)) if index not in failures]
    if not kept:
        why = next(iter(failures.values()), "no row is wanted")
        raise NothingToEvaluate(f"no utterance left of {len(wanted)}: {why}")
    results = []
    for system, of_one in zip(systems, answers, strict=True):
        scored = _scored([wanted[index] for index in kept], [of_one[index] for index in kept], convention)
        results.append(_result(system.name, scored, slice_fields, min_slice))
    failed = tuple(Failure(wanted[index], reason) for index, reason in sorted(failures.items()))
    return Evaluation(tuple(results), failed, convention.id, datetime.now(UTC))


def _batches(rows: Mapping[int, Row], size: int) -> Iterator[dict[int, Row]]:
    left = iter(rows.items())
    while batch := dict(islice(left, size)):
        yield batch


def _warm_up(system: System, rows: Iterable[Row]) -> None:
    for row in rows:
        if isinstance(_answers(system, {0: row})[0], Answer):
            return


def _answers(system: System, rows: Mapping[int, Row]) -> dict[int, Answer | str]:
    """Answers, or why there is none, by the keys of `rows`."""
    found: dict[int, Answer | str] = {}
    readable: dict[int, Recording] = {}
    for index, row in rows.items():
        try:
            readable[index] = read_recording(row)
        except (OSError, AudioError) as error:
            found[index] = _reason(error)
    try:
        answers = system.answer(list(readable.values())) if readable else []
        return found | dict(zip(readable, answers, strict=True))
    except AudioError as error:
        if len(rows) == 1:
            return dict.fromkeys(rows, _reason(error))
    for index, row in rows.items():
        found |= _answers(system, {index: row})
    return found


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _scored(rows: Sequence[Row], answers: Sequence[Answer], convention: Convention) -> tuple[Utterance, ...]:
    references = [convention.apply(row.text or "") for row in rows]
    hypotheses = [convention.apply(answer.text) for answer in answers]
    counted = word_errors(references, hypotheses, convention).utterances
    return tuple(map(Utterance, rows, answers, counted, references, hypotheses))


def _result(name: str, utterances: tuple[Utterance, ...], fields: Sequence[str], min_slice: int) -> SystemResult:
    by_field = {
        field: {value: score(some) for value, some in slices(utterances, field, min_count=min_slice).items()}
        for field in fields
    }
    return SystemResult(name, utterances, score(utterances), by_field)
