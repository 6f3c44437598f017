"""Pipelines from names."""

import hashlib
from pathlib import Path

import pytest

from asr.cache import ModelFiles
from asr.decode import DecodeLimits
from asr.engines import load_recognizer
from asr.errors import AudioTooLong, ModelUnavailable, UnknownConvention, UnknownModel
from asr.front_end import FrontEnd
from asr.loading import Detector, load_detector, load_pipeline
from asr.pipeline import transcribe
from asr.registry import Task, read_registry

FOREIGN = """
[model.foreign]
engine = "abacus"
task = "recognizer"
license = "MIT"
languages = []
description = "a model whose engine is not installed"

[[model.foreign.files]]
name = "beads"
source = "file://beads"
sha256 = "{sha256}"
size_bytes = 5
"""


def test_the_default_pipeline_transcribes(query_clip: Path) -> None:
    pipeline = load_pipeline()
    assert pipeline.recognizer.model_id == read_registry().defaults[Task.RECOGNIZER]
    assert pipeline.detector.name == "silero"
    assert pipeline.calibration.phantoms
    (result,) = transcribe([query_clip.read_bytes()], pipeline)
    assert result.text == "what time is it"


@pytest.mark.parametrize("name", Detector)
def test_each_detector_is_found_by_its_name(name: Detector, query_clip: Path) -> None:
    assert load_detector(name).name == name
    (result,) = transcribe([query_clip.read_bytes()], load_pipeline(detector=name))
    assert result.text == "what time is it"


def test_what_is_given_reaches_the_pipeline(query_clip: Path) -> None:
    front_end = FrontEnd(loudness=None)
    pipeline = load_pipeline(front_end=front_end, convention_name="verbatim", limits=DecodeLimits(max_duration_s=1.0))
    assert pipeline.front_end is front_end
    assert pipeline.convention.name == "verbatim"
    with pytest.raises(AudioTooLong):
        transcribe([query_clip.read_bytes()], pipeline)


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(UnknownModel, match="did you mean moonshine-tiny-en"):
        load_pipeline("moonshine-tiny")


def test_an_unknown_convention_is_named() -> None:
    with pytest.raises(UnknownConvention, match="shouting"):
        load_pipeline(convention_name="shouting")


def test_a_model_that_is_not_in_the_cache_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESEARCH_CACHE", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="voicesearch models pull moonshine-tiny-en"):
        load_pipeline()


def test_a_model_of_an_engine_that_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "beads").write_bytes(b"beads")
    (tmp_path / "models.toml").write_text(FOREIGN.format(sha256=hashlib.sha256(b"beads").hexdigest()))
    registry = read_registry(tmp_path / "models.toml")
    model = registry.find("foreign")
    with pytest.raises(ModelUnavailable, match="foreign needs the engine abacus"):
        load_recognizer(ModelFiles(model, tmp_path))


def test_a_voice_detector_is_no_recognizer() -> None:
    with pytest.raises(ModelUnavailable, match="silero-vad-16k needs the engine silero-onnx"):
        load_pipeline("silero-vad-16k")
