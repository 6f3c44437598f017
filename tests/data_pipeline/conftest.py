"""An evaluation of the default model on a few carried recordings, run once."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from asr.cache import pull
from asr.decode import decode
from data_pipeline.evaluation.evaluate import evaluate
from data_pipeline.evaluation.record import Evaluation
from data_pipeline.evaluation.systems import Answer, OwnSystem, own_systems
from data_pipeline.evaluation.variants import read_variant
from data_pipeline.inputs import noise_pieces
from data_pipeline.manifest import Row, matching, read_manifest
from data_pipeline.recordings import Recording
from tests.conftest import CLIPS


class Echo:
    """Hears in each recording that can be decoded what `heard` says, by file name."""

    name = "echo"
    fingerprint = ""

    def __init__(self, heard: dict[str, str]) -> None:
        self.heard = heard

    def answer(self, batch: Sequence[Recording]) -> list[Answer]:
        for one in batch:
            decode(one.data, pcm=one.pcm)
        return [Answer(self.heard[one.row.path.name], 10.0, 10.0 / len(batch)) for one in batch]


@pytest.fixture(scope="session")
def own() -> OwnSystem:
    for model_id in ("moonshine-tiny-en", "silero-vad-16k"):
        pull(model_id)
    return own_systems([""], [read_variant("default")])[0]


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    speech = matching(read_manifest(CLIPS / "manifest.jsonl"), {"source": {"voice_queries", "speech_commands"}})
    return [*speech, *noise_pieces(CLIPS / "noise.jsonl", piece_s=2.5)]


@pytest.fixture(scope="session")
def evaluation(rows: list[Row], own: OwnSystem) -> Evaluation:
    return evaluate(rows, [own], slices=["source"])


@pytest.fixture
def clip_row() -> Row:
    """One real query."""
    return Row(CLIPS / "manifest.jsonl", 1, "speech/voice_queries__v2j_what_time_is_it.flac", 2.219, "what time is it")


@pytest.fixture
def unreadable(tmp_path: Path) -> list[Row]:
    """An absent file, one that is no sound, and a part beyond the end of a real recording."""
    (tmp_path / "text.wav").write_text("this is no sound")
    clip = str(CLIPS / "speech" / "voice_queries__v2j_what_time_is_it.flac")
    manifest = tmp_path / "manifest.jsonl"
    return [
        Row(manifest, 1, "absent.wav", 1.0, "a"),
        Row(manifest, 2, "text.wav", 1.0, "b"),
        Row(manifest, 3, clip, 2.0, "c", 1.5),
    ]
