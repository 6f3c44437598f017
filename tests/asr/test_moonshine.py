"""The rebuilt graphs against the published ones, run plainly; and the files around them."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from asr.audio import Audio, Samples
from asr.cache import ModelFiles, pull
from asr.decode import decode
from asr.engines.greedy import token_bound
from asr.engines.moonshine import Moonshine
from asr.engines.moonshine_graph import (
    EXTRA_SAMPLES,
    HEAD_SIZE,
    HEADS,
    LAYERS,
    MIN_STEPS,
    STEP_SAMPLES,
    VOCABULARY,
)
from asr.engines.moonshine_tokenizer import END, START, Tokenizer
from asr.engines.moonshine_weights import PublishedWeights
from asr.errors import CorruptModel
from asr.metrics import word_errors
from tests.conftest import Recording

PAD_S = 0.5
"""Silence before and after: what the model gets from the front end."""


@pytest.fixture(scope="module")
def files() -> ModelFiles:
    return pull("moonshine-tiny-en")


@pytest.fixture(scope="module")
def tokenizer(files: ModelFiles) -> Tokenizer:
    return Tokenizer.read(files.path("tokenizer.bin"))


@pytest.fixture(scope="module")
def clips(speech: list[Recording]) -> list[Audio]:
    around = np.zeros(round(PAD_S * 16_000), np.float32)
    sounds = [decode(recording.path.read_bytes()).samples for recording in speech]
    return [Audio(np.concatenate([around, samples, around])) for samples in sounds]


class PublishedGraphs:
    """The files as they were published, in a loop that does nothing clever."""

    def __init__(self, files: ModelFiles) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        open_graph = partial(onnxruntime.InferenceSession, sess_options=options, providers=["CPUExecutionProvider"])
        self._encoder = open_graph(str(files.path("encoder_model.ort")))
        self._decoder = open_graph(str(files.path("decoder_model_merged.ort")))
        self._names = [output.name for output in self._decoder.get_outputs()]

    def tokens(self, samples: Samples) -> list[int]:
        mask = np.ones((1, len(samples)), np.int64)
        (states,) = self._encoder.run(None, {"input_values": samples[None], "attention_mask": mask})
        feeds = {"encoder_attention_mask": mask, "encoder_hidden_states": states} | self._no_past()
        said: list[int] = []
        while len(said) < token_bound(len(samples) / 16_000) and said[-1:] != [END]:
            feeds["input_ids"] = np.array([said[-1:] or [START]])
            feeds["use_cache_branch"] = np.array([bool(said)])
            logits, *present = self._decoder.run(self._names, feeds)
            for name, value in zip(self._names[1:], present, strict=True):
                # The branch with a cache returns nothing of use for the encoder's part.
                if not (said and "encoder" in name):
                    feeds[name.replace("present", "past_key_values")] = value
            said.append(int(logits[0, -1].argmax()))
        return said

    def _no_past(self) -> dict[str, NDArray[np.generic]]:
        rows = {"decoder": 0, "encoder": 1}
        return {
            f"past_key_values.{layer}.{side}.{part}": np.zeros((1, HEADS, count, HEAD_SIZE), np.float32)
            for layer in range(LAYERS)
            for side, count in rows.items()
            for part in ("key", "value")
        }


def test_the_rebuilt_graphs_hear_what_the_published_ones_do(
    files: ModelFiles, tokenizer: Tokenizer, clips: list[Audio], speech: list[Recording]
) -> None:
    published = PublishedGraphs(files)
    expected = [tokenizer.text(published.tokens(clip.samples)) for clip in clips]
    heard = [one.text for one in Moonshine.load(files).recognize(clips)]
    between = word_errors(expected, heard)
    # Measured: 62 of 66 texts equal, 2.2 % of the words differ; either has a word error rate of 12.5 %.
    assert (between.exact_ratio or 0) >= 0.90
    assert (between.wer or 0) <= 0.04
    said = [recording.text for recording in speech]
    before, after = (word_errors(said, texts).words.errors for texts in (expected, heard))
    assert abs(after - before) <= 6


@pytest.mark.parametrize("count", [1, 500, 1_215])
def test_sound_shorter_than_the_encoder_takes_is_filled_up_with_silence(
    files: ModelFiles, clips: list[Audio], count: int
) -> None:
    sound = clips[0].samples[30_000 : 30_000 + count]
    filled = np.pad(sound, (0, MIN_STEPS * STEP_SAMPLES + EXTRA_SAMPLES - count))
    short, whole = (Moonshine.load(files).recognize([Audio(samples)]) for samples in (sound, filled))
    assert short[0].token_log_probs[0] == whole[0].token_log_probs[0]


@pytest.fixture
def own(files: ModelFiles, tmp_path: Path) -> ModelFiles:
    """Files that a test may damage."""
    for file in files.model.files:
        shutil.copy(files.path(file.name), tmp_path / file.name)
    return ModelFiles(files.model, tmp_path)


def test_a_damaged_graph_in_the_cache_is_named(own: ModelFiles) -> None:
    Moonshine.load(own)
    (written,) = own.folder.rglob("decoder.onnx")
    written.write_bytes(written.read_bytes()[:100_000])
    with pytest.raises(CorruptModel, match=r"decoder\.onnx is damaged"):
        Moonshine.load(own)
    written.unlink()
    Moonshine.load(own)


def test_a_table_of_another_vocabulary_is_refused(own: ModelFiles) -> None:
    with own.path("tokenizer.bin").open("ab") as table:
        table.write(b"\x03new")
    with pytest.raises(CorruptModel, match=r"tokenizer\.bin has 32769 tokens, not 32768"):
        Moonshine.load(own)


def test_published_weights_are_found_by_name(files: ModelFiles) -> None:
    weights = PublishedWeights.read(files.path("decoder_model_merged.ort"))
    layer = weights.layer("logits")
    assert layer.weight.shape == (HEADS * HEAD_SIZE, VOCABULARY)
    assert layer.scale > 0
    assert weights.constant("decoder/norm/LayerNormalization_output_0", input=1).shape == (HEADS * HEAD_SIZE,)
    lookups: list[tuple[Callable[[], object], str]] = [
        (lambda: weights.layer("no_such_operation"), "0 operations called no_such_operation"),
        (lambda: weights.layer("LayerNormalization_output_0"), "operations called LayerNormalization_output_0"),
        (lambda: weights.layer("decoder/norm/LayerNormalization_output_0"), "without constant weights"),
        (lambda: weights.constant("logits", input=0), "no constant at input 0 of logits"),
        (lambda: weights.constant("logits", input=99), "no constant at input 99 of logits"),
        (lambda: weights.integers("logits", input=0), "no constant at input 0 of logits"),
    ]
    for look_up, message in lookups:
        with pytest.raises(CorruptModel, match=message):
            look_up()
