"""Offline evaluation: systems answer the recordings of a manifest, and every answer is scored in one convention.

All systems are scored on the same utterances: a recording that one of them could not use counts for none, and is
listed with the reason. Writes no results; `data_pipeline.evaluation.results` does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from asr.convention import SCORING, Convention
from asr.metrics import align
from data_pipeline.errors import NothingToEvaluate
from data_pipeline.evaluation.answer_journal import AnswerJournal
from data_pipeline.evaluation.answers import collect
from data_pipeline.evaluation.devices import OnDevice
from data_pipeline.evaluation.record import Evaluation, Failure, Run, conclude
from data_pipeline.evaluation.scores import Utterance
from data_pipeline.evaluation.search_damage import Top
from data_pipeline.evaluation.slicing import check_slicings, read_slicing
from data_pipeline.evaluation.systems import Answer, RecordedSystem, System
from data_pipeline.evaluation.traffic import Traffic, row_weights
from data_pipeline.manifest import InvalidLine, Row


def evaluate(
    rows: Iterable[Row],
    systems: Sequence[System],
    *,
    slices: Sequence[str] = (),
    min_slice: int = 1,
    traffic: Traffic | None = None,
    top: Top | None = None,
    batch_size: int = 1,
    convention: Convention = SCORING,
    journal: AnswerJournal | None = None,
    invalid: Sequence[InvalidLine] = (),
    on_done: Callable[[str, int], None] = lambda system, count: None,
) -> Evaluation:
    """Let every system answer every row, one recording at a time unless `batch_size` is larger.

    `slices` are as `read_slicing` takes them; `top` searches, for the damage that errors do there; `traffic` weighs
    the utterances for what to work on next; answers that stand in the journal are not asked for again. `invalid` are
    lines of the manifest that are no row; they are listed with the failures. `on_done` hears how many rows a system has
    finished.

    Raises NothingToEvaluate, also where two systems have one name or a system is there on a device only;
    InvalidSlicing, InvalidTraffic; InvalidHypotheses before any model has run; OSError where the journal cannot be
    written.
    """
    _check_systems(systems)
    wanted = list(rows)
    if not wanted:
        raise NothingToEvaluate("no utterance left: no row is wanted")
    slicings = [read_slicing(text) for text in slices]
    check_slicings(slicings, wanted)
    weigh = row_weights(wanted, traffic)
    failures = _refused(wanted)
    answers: dict[str, Mapping[int, Answer]] = {}
    for system in _transcripts_first(systems):
        left = {index: row for index, row in enumerate(wanted) if index not in failures}
        told = partial(on_done, system.name)
        found = collect(system, left, journal or AnswerJournal(), batch_size=batch_size, on_done=told)
        failures |= {index: reason for index, reason in found.items() if isinstance(reason, str)}
        answers[system.name] = {index: answer for index, answer in found.items() if isinstance(answer, Answer)}
    kept = _kept(wanted, failures)
    # Systems mostly hear the same.
    write = cache(convention.apply)
    references = {index: write(wanted[index].text or "") for index in kept}
    return conclude(
        [_run(system, wanted, references, answers[system.name], write) for system in systems],
        failures=[
            *(Failure(line, line.reason) for line in invalid),
            *(Failure(wanted[index], reason) for index, reason in sorted(failures.items())),
        ],
        convention=convention.id,
        made_at=datetime.now(UTC),
        slicings=slicings,
        min_slice=min_slice,
        weights=[weigh[index] for index in kept],
        top=top,
    )


def _check_systems(systems: Sequence[System]) -> None:
    names = {system.name for system in systems if not isinstance(system, OnDevice)}
    for system in systems:
        if isinstance(system, OnDevice) and system.system.name not in names:
            raise NothingToEvaluate(f"{system.name}: {system.system.name} itself is not evaluated")
    if len({system.name for system in systems}) < len(systems):
        raise NothingToEvaluate("two systems have the same name")


def _transcripts_first(systems: Sequence[System]) -> list[System]:
    """One that is missing is told before hours of recognizing, not after."""
    return sorted(systems, key=lambda system: not isinstance(system, RecordedSystem))


def _kept(rows: Sequence[Row], failures: Mapping[int, str]) -> list[int]:
    kept = [index for index in range(len(rows)) if index not in failures]
    if not kept:
        raise NothingToEvaluate(f"no utterance left of {len(rows)}: {next(iter(failures.values()))}")
    return kept


def _refused(rows: Sequence[Row]) -> dict[int, str]:
    """Why a row is not even tried: nobody knows what is said, or it stands there twice."""
    reasons: dict[int, str] = {}
    lines: dict[tuple[Path, str], int] = {}
    for index, row in enumerate(rows):
        line = lines.setdefault((row.manifest, row.key), row.line)
        if row.text is None:
            reasons[index] = "no reference text"
        elif line != row.line:
            reasons[index] = f"{row.key} stands already in line {line}"
    return reasons


def _run(
    system: System,
    rows: Sequence[Row],
    references: Mapping[int, str],
    answers: Mapping[int, Answer],
    write: Callable[[str], str],
) -> Run:
    utterances = []
    for index, reference in references.items():
        answer = answers[index]
        hypothesis = write(answer.text)
        utterances.append(Utterance(rows[index], answer, align(reference, hypothesis), reference, hypothesis))
    if isinstance(system, OnDevice):
        return Run(system.name, tuple(utterances), system.device.name, system.system.name)
    return Run(system.name, tuple(utterances))
