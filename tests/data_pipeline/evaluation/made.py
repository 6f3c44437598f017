"""Utterances without sound: what was said and what a system heard, for the tests of what is concluded from them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from asr.convention import SCORING
from asr.metrics import align
from data_pipeline.evaluation.record import Evaluation, Run, conclude
from data_pipeline.evaluation.scores import Utterance
from data_pipeline.evaluation.search_damage import Top
from data_pipeline.evaluation.slicing import read_slicing
from data_pipeline.evaluation.systems import Answer
from data_pipeline.manifest import Row

MANIFEST = Path("made.jsonl")


def row(text: str | None, number: int = 1, *, duration_s: float = 1.0, **fields: object) -> Row:
    return Row(MANIFEST, number, f"{number}.wav", duration_s, text, None, fields)


def utterance(of: Row, heard: str, *, confidence: float | None = None, snr_db: float | None = None) -> Utterance:
    measured = None if snr_db is None else {"snr_db": snr_db}
    answer = Answer(heard, 20.0, 20.0, confidence, measured=measured)
    reference, hypothesis = SCORING.apply(of.text or ""), SCORING.apply(heard)
    return Utterance(of, answer, align(reference, hypothesis), reference, hypothesis)


def run(name: str, rows: Sequence[Row], heard: Sequence[str]) -> Run:
    return Run(name, tuple(map(utterance, rows, heard)))


def concluded(
    *runs: Run,
    slices: Sequence[str] = (),
    min_slice: int = 1,
    weights: Sequence[float] | None = None,
    top: Top | None = None,
) -> Evaluation:
    return conclude(
        runs,
        failures=(),
        convention=SCORING.id,
        made_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        slicings=[read_slicing(text) for text in slices],
        min_slice=min_slice,
        weights=weights,
        top=top,
    )
