"""Moonshine through onnxruntime: each sound is encoded alone, all are decoded together.

Encoding is bound by arithmetic, so a batch gains nothing there and padding would be paid for; a decoding step is
bound by reading the weights, so a batch shares it. No sound feels its neighbours (see `onnx_graph`). What it costs
stands in docs/decisions.md.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from asr.audio import Audio, Samples
from asr.cache import ModelFiles, derived
from asr.engines import moonshine_graph
from asr.engines.greedy import GreedyPath
from asr.engines.moonshine_graph import (
    EXTRA_SAMPLES,
    HEAD_SIZE,
    HEADS,
    LAYERS,
    MAX_DURATION_S,
    MIN_STEPS,
    STEP_SAMPLES,
    VOCABULARY,
)
from asr.engines.moonshine_tokenizer import END, START, Tokenizer
from asr.engines.moonshine_weights import PublishedWeights
from asr.errors import AudioTooLong, CorruptModel
from asr.recognizer import Hypothesis, Word, never_cancelled

_ENCODER: Final = "encoder_model.ort"
_DECODER: Final = "decoder_model_merged.ort"
_NEVER_HEARD: Final = np.float32(-1e9)

_Tensors = dict[str, NDArray[np.generic]]
_CROSS: Final = [f"cross_{part}_{i}" for i in range(LAYERS) for part in ("key", "value")]
_PAST: Final = [f"past_{part}_{i}" for i in range(LAYERS) for part in ("key", "value")]
_STEP_OUTPUTS: Final = ["next_tokens", "log_probs", *(name.replace("past", "present") for name in _PAST)]


class Moonshine:
    """A loaded Moonshine model; implements `asr.recognizer.Recognizer`. Threads may share it."""

    max_duration_s: Final = 30.0

    def __init__(
        self,
        model_id: str,
        encoder: onnxruntime.InferenceSession,
        decoder: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
    ) -> None:
        self._model_id = model_id
        self._encoder = encoder
        self._decoder = decoder
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, files: ModelFiles, *, threads: int = 1) -> "Moonshine":
        """Open the graphs, written on the first call only (about 2 s).

        Raises CorruptModel where the files are not Moonshine's.
        """
        version = moonshine_graph.VERSION
        encoder = derived(files, "encoder.onnx", partial(_write_encoder, files), version=version)
        decoder = derived(files, "decoder.onnx", partial(_write_decoder, files), version=version)
        tokenizer = Tokenizer.read(files.path("tokenizer.bin"))
        if len(tokenizer.pieces) != VOCABULARY:
            raise CorruptModel(f"tokenizer.bin has {len(tokenizer.pieces)} tokens, not {VOCABULARY}")
        return cls(files.model.id, _session(encoder, threads), _session(decoder, threads), tokenizer)

    @property
    def model_id(self) -> str:
        """The name it is registered under."""
        return self._model_id

    def recognize(self, batch: Sequence[Audio], cancelled: Callable[[int], bool] = never_cancelled) -> list[Hypothesis]:
        """One hypothesis for each sound, in order; see `Recognizer.recognize`."""
        if any(audio.duration_s > MAX_DURATION_S for audio in batch):
            raise AudioTooLong(f"{self.model_id} takes pieces of at most {self.max_duration_s:.0f} s")
        paths = [GreedyPath(audio.duration_s, end=END) for audio in batch]
        heard: list[tuple[int, _Tensors]] = []
        for i, audio in enumerate(batch):
            if not len(audio.samples):
                continue
            if cancelled(i):
                paths[i].truncate()
            else:
                heard.append((i, self._encode(audio.samples)))
        if heard:
            heard.sort(key=lambda one: -batch[one[0]].duration_s)  # the shortest end first, and last rows cost no copy
            rows, caches = zip(*heard, strict=True)
            self._decode([paths[i] for i in rows], _side_by_side(caches), lambda row: cancelled(rows[row]))
        return [self._hypothesis(path) for path in paths]

    def _encode(self, samples: Samples) -> _Tensors:
        steps = max(MIN_STEPS, math.ceil((len(samples) - EXTRA_SAMPLES) / STEP_SAMPLES))
        whole = np.zeros((1, steps * STEP_SAMPLES + EXTRA_SAMPLES), np.float32)
        whole[0, : len(samples)] = samples
        return dict(zip(_CROSS, self._encoder.run(_CROSS, {"samples": whole}), strict=True))

    def _decode(self, paths: Sequence[GreedyPath], cross: _Tensors, cancelled: Callable[[int], bool]) -> None:
        rows = list(range(len(paths)))
        past: _Tensors = {name: np.zeros((len(rows), HEADS, 0, HEAD_SIZE), np.float32) for name in _PAST}
        tokens = np.full((len(rows), 1), START, np.int64)
        for position in itertools.count():
            feeds = {"tokens": tokens, "positions": np.full_like(tokens, position)} | cross | past
            tokens, log_probs, *present = self._decoder.run(_STEP_OUTPUTS, feeds)
            past = dict(zip(_PAST, present, strict=True))
            for row, token, log_prob in zip(rows, tokens[:, 0].tolist(), log_probs[:, 0].tolist(), strict=True):
                if not paths[row].done:
                    paths[row].extend(token, log_prob)
                    if cancelled(row):
                        paths[row].truncate()
            alive = [at for at, row in enumerate(rows) if not paths[row].done]
            if not alive:
                return
            if len(alive) <= len(rows) // 2:
                rows, tokens = [rows[at] for at in alive], tokens[alive]
                cross, past = _kept(cross, alive), _kept(past, alive)
            elif (left := alive[-1] + 1) < len(rows):
                rows, tokens = rows[:left], tokens[:left]
                cross, past = _kept(cross, slice(left)), _kept(past, slice(left))

    def _hypothesis(self, path: GreedyPath) -> Hypothesis:
        words = tuple(
            Word(self._tokenizer.text(path.tokens[at]), math.exp(float(np.mean(path.log_probs[at]))))
            for at in self._tokenizer.words(path.tokens)
        )
        text = self._tokenizer.text(path.tokens)
        return Hypothesis(text, words, tuple(path.tokens), tuple(path.log_probs), path.truncated)


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no public base
        raise CorruptModel(f"{path} is damaged; without it, it is written anew: {error}") from error


def _side_by_side(caches: Sequence[_Tensors]) -> _Tensors:
    """Cross-attention caches of single sounds as one batch, the frames that a sound lacks masked."""
    frames = [cache[_CROSS[0]].shape[2] for cache in caches]
    bias = np.zeros((len(caches), 1, 1, max(frames)), np.float32)
    for row, count in enumerate(frames):
        bias[row, ..., count:] = _NEVER_HEARD
    if len(caches) == 1:
        return {**caches[0], "cross_bias": bias}
    joined: _Tensors = {"cross_bias": bias}
    for name in _CROSS:
        joined[name] = np.zeros((len(caches), HEADS, max(frames), HEAD_SIZE), np.float32)
        for row, cache in enumerate(caches):
            joined[name][row, :, : frames[row]] = cache[name][0]
    return joined


def _kept(tensors: _Tensors, rows: list[int] | slice) -> _Tensors:
    return {name: tensor[rows] for name, tensor in tensors.items()}


def _write_encoder(files: ModelFiles, path: Path) -> None:
    encoder, decoder = (PublishedWeights.read(files.path(name)) for name in (_ENCODER, _DECODER))
    moonshine_graph.write_encoder(encoder, decoder, path)


def _write_decoder(files: ModelFiles, path: Path) -> None:
    moonshine_graph.write_decoder(PublishedWeights.read(files.path(_DECODER)), path)
