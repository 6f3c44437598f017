"""Transcripts that another system left."""

import json
from pathlib import Path

import pytest

from data_pipeline.errors import InvalidHypotheses
from data_pipeline.evaluation.evaluate import evaluate
from data_pipeline.evaluation.systems import read_hypotheses
from data_pipeline.manifest import Row


def test_recorded_transcripts_are_scored_like_any_other(clip_row: Row, tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    recorded = {"audio_filepath": clip_row.audio_filepath, "text": "What time was it?", "latency_ms": 5}
    path.write_text(json.dumps(recorded))
    result = evaluate([clip_row], [read_hypotheses(path, "other")]).systems[0]
    assert result.scores.wer == 0.25
    assert result.scores.latency_ms is not None
    assert result.scores.latency_ms.p50 == 5


def test_a_missing_transcript_is_an_error(clip_row: Row, tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text("\n")
    with pytest.raises(InvalidHypotheses, match="no transcript for speech/"):
        evaluate([clip_row], [read_hypotheses(path, "other")])


@pytest.mark.parametrize("line", ["[]", "{", "\xff", '{"text": "a"}', '{"audio_filepath": "a", "text": null}'])
def test_a_bad_line_is_refused_by_number(line: str, tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(f'{{"audio_filepath": "a", "text": "a"}}\n{line}\n', "latin-1")
    with pytest.raises(InvalidHypotheses, match="line 2"):
        read_hypotheses(path, "other")
