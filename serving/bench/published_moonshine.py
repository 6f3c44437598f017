"""Moonshine's published graphs as they come, in batches: what a server is built on by whoever rewrites nothing.

One call of the encoder and one loop of the merged decoder for each padded batch. Knows no server, and nothing of our
own engine but the token table.
"""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from asr.audio import Audio
from asr.cache import ModelFiles
from asr.engines.greedy import token_bound
from asr.engines.moonshine_tokenizer import END, START, Tokenizer

LAYERS: Final = 6
HEADS: Final = 8
HEAD_SIZE: Final = 36
_PARTS: Final = [
    f"{i}.{of}.{part}" for i in range(LAYERS) for of in ("decoder", "encoder") for part in ("key", "value")
]

_Tensors = dict[str, NDArray[np.generic]]


class PublishedMoonshine:
    """Loaded graphs, single-threaded."""

    def __init__(
        self, encoder: onnxruntime.InferenceSession, decoder: onnxruntime.InferenceSession, tokenizer: Tokenizer
    ) -> None:
        self._encoder = encoder
        self._decoder = decoder
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, files: ModelFiles) -> Self:
        """Open the files of the registry's Moonshine."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        encoder, decoder = (
            onnxruntime.InferenceSession(str(files.path(name)), options, providers=["CPUExecutionProvider"])
            for name in ("encoder_model.ort", "decoder_model_merged.ort")
        )
        return cls(encoder, decoder, Tokenizer.read(files.path("tokenizer.bin")))

    def transcribe(self, batch: Sequence[Audio]) -> list[str]:
        """One text for each sound."""
        lengths = [len(audio.samples) for audio in batch]
        samples = np.zeros((len(batch), max(lengths)), np.float32)
        mask = np.zeros(samples.shape, np.int64)
        for row, audio in enumerate(batch):
            samples[row, : lengths[row]] = audio.samples
            mask[row, : lengths[row]] = 1
        (states,) = self._encoder.run(["last_hidden_state"], {"input_values": samples, "attention_mask": mask})
        bound = token_bound(max(audio.duration_s for audio in batch))
        tokens = self._decode({"encoder_hidden_states": states, "encoder_attention_mask": mask}, bound)
        return [self._tokenizer.text(row[: row.index(END)] if END in row else row) for row in tokens.tolist()]

    def _decode(self, heard: _Tensors, bound: int) -> NDArray[np.int64]:
        """Greedy tokens, shape (rows, steps); what stands after a row's end means nothing."""
        rows = len(heard["encoder_hidden_states"])
        past: _Tensors = {part: np.zeros((rows, HEADS, 0, HEAD_SIZE), np.float32) for part in _PARTS}
        token, ended = np.full((rows, 1), START, np.int64), np.zeros((rows, 1), np.bool_)
        said: list[NDArray[np.int64]] = []
        while len(said) < bound and not ended.all():
            feeds = {f"past_key_values.{part}": tensor for part, tensor in past.items()}
            feeds |= heard | {"input_ids": token, "use_cache_branch": np.array([bool(said)])}
            logits, *present = self._decoder.run(["logits", *(f"present.{part}" for part in _PARTS)], feeds)
            grown = dict(zip(_PARTS, present, strict=True))
            past = {part: past[part] if said and "encoder" in part else grown[part] for part in _PARTS}
            token = logits[:, -1:].argmax(axis=-1)
            ended |= token == END
            said.append(token)
        return np.concatenate(said, axis=1)
