"""Moonshine's encoder and decoder as two plain graphs, from the published weights.

The published decoder carries both its branches in one `If`, copies the cross-attention cache at every step
and spends half of a step on shape arithmetic (900 small operations). These compute the same with fused ones:

    encoder   samples (1, n)                  -> cross-attention keys and values of every layer
    decoder   a token a row, caches (b, ...)  -> each row's next token, its log probability, grown caches

Model: Jeffries et al., "Moonshine: Speech recognition for live transcription and voice commands", 2024,
arXiv:2410.15608. Knows nothing of files, sessions and text.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.engines.moonshine_weights import PublishedWeights
from asr.engines.onnx_graph import MICROSOFT, GraphWriter, Value

VERSION: Final = "2"
"""Part of the cache key: a change below must change it."""

LAYERS: Final = 6
HEADS: Final = 8
HEAD_SIZE: Final = 36
_WIDTH: Final = HEADS * HEAD_SIZE
_ROTARY_SIZE: Final = 32
_MAX_FRAMES: Final = 2_048
_MAX_TOKENS: Final = 512

STEP_SAMPLES: Final = 384
"""The three convolutions' strides together, 64 x 3 x 2: one frame every 24 ms."""
EXTRA_SAMPLES: Final = 64
"""The encoder takes a whole number of steps plus this."""
MIN_STEPS: Final = 3

MAX_DURATION_S: Final = 45.0
"""Beyond it the rotary tables of either graph end."""
VOCABULARY: Final = 32_768

_END: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Rotary:
    """Rotary position embedding over the first `_ROTARY_SIZE` channels of each head."""

    graph: GraphWriter
    positions: Value
    cosines: Value
    sines: Value

    def turn(self, value: Value) -> Value:
        return self.graph.op(
            "RotaryEmbedding", value, self.positions, self.cosines, self.sines, domain=MICROSOFT,
            interleaved=1, rotary_embedding_dim=_ROTARY_SIZE, num_heads=HEADS,
        )  # fmt: skip


def _rotary(graph: GraphWriter, weights: PublishedWeights, positions: Value, length: int) -> _Rotary:
    frequencies = weights.constant("rotary_emb/Expand_output_0", input=0).reshape(1, -1)
    angles = np.arange(length, dtype=np.float64)[:, None] * frequencies
    cosines, sines = (graph.constant(f(angles).astype(np.float32)) for f in (np.cos, np.sin))
    return _Rotary(graph, positions, cosines, sines)


def write_encoder(encoder: PublishedWeights, decoder: PublishedWeights, path: Path) -> None:
    """Input `samples` (1, 384 k + 64); outputs for each layer `cross_key_i`, `cross_value_i` (1, 8, k - 2, 36)."""
    graph = GraphWriter("encoder")
    x = _frames(graph, encoder, graph.input("samples", [1, "samples"]))
    count = graph.op("Shape", x, start=1, end=2)
    scalar = graph.op("Squeeze", count)
    zero, one = (graph.constant(np.array(n, np.int64)) for n in (0, 1))
    positions = graph.op("Unsqueeze", graph.op("Range", zero, scalar, one), graph.ints(0))
    rotary = _rotary(graph, encoder, positions, _MAX_FRAMES)
    for i in range(LAYERS):
        x = _encoder_layer(graph, encoder, x, i, rotary)
    x = graph.layer_norm(x, encoder.constant("last_hidden_state", input=2))
    _write_cross_attention(graph, decoder, x)
    graph.save(path)


def _encoder_layer(graph: GraphWriter, encoder: PublishedWeights, x: Value, i: int, rotary: _Rotary) -> Value:
    layer = f"/layers.{i}/"
    own = [encoder.layer(f"{layer}self_attn/{p}_proj/MatMul_output_0") for p in "qkvo"]
    first, last = (encoder.layer(f"{layer}mlp/fc{n}/Add_output_0") for n in (1, 2))
    gains = [
        encoder.constant(f"{layer}{name}_layernorm/LayerNormalization_output_0", input=1)
        for name in ("input", "post_attention")
    ]
    q, k, v = graph.split(graph.dense(graph.layer_norm(x, gains[0]), *own[:3]), 3)
    heard = graph.op("MultiHeadAttention", rotary.turn(q), rotary.turn(k), v, domain=MICROSOFT, num_heads=HEADS)
    x = graph.op("Add", x, graph.dense(heard, own[3]))
    h = graph.op("Gelu", graph.dense(graph.layer_norm(x, gains[1]), first), domain=MICROSOFT)
    return graph.op("Add", x, graph.dense(h, last))


def _frames(graph: GraphWriter, weights: PublishedWeights, samples: Value) -> Value:
    """Three strided convolutions, as matrix products over windows that overlap by whole rows."""
    first = weights.constant("/Tanh_output_0", input=1)
    x = graph.op("Reshape", samples, graph.ints(1, -1, 64))
    x = _windows(graph, x, rows=2, width=127, row_width=64)
    x = graph.op("Tanh", graph.affine(x, _as_matrix(first), None))
    x = _group_norm(graph, weights, x)
    x = graph.op("Reshape", x, graph.ints(1, -1, 3 * _WIDTH))
    x = _windows(graph, x, rows=3, width=7 * _WIDTH, row_width=3 * _WIDTH)
    x = _convolution(graph, weights, x, "/conv2/Conv_output_0")
    x = graph.op("Reshape", x, graph.ints(1, -1, 4 * _WIDTH))
    x = _windows(graph, x, rows=2, width=6 * _WIDTH, row_width=4 * _WIDTH)
    return _convolution(graph, weights, x, "/conv3/Conv_output_0")


def _windows(graph: GraphWriter, x: Value, *, rows: int, width: int, row_width: int) -> Value:
    """Each row with those after it, cut to `width`: (1, n, row_width) -> (1, n - rows + 1, width)."""
    shifted = [graph.slice(x, i, i - rows + 1 or _END, axis=1) for i in range(rows)]
    rest = width - (rows - 1) * row_width
    return graph.op("Concat", *shifted[:-1], graph.slice(shifted[-1], 0, rest, axis=2), axis=2)


def _convolution(graph: GraphWriter, weights: PublishedWeights, x: Value, name: str) -> Value:
    kernel, bias = (weights.constant(name, input=i) for i in (1, 2))
    return graph.op("Gelu", graph.affine(x, _as_matrix(kernel), bias), domain=MICROSOFT)


def _as_matrix(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """(outputs, inputs, taps) -> (taps x inputs, outputs)."""
    return kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0])


def _group_norm(graph: GraphWriter, weights: PublishedWeights, x: Value) -> Value:
    """Normalization over time and channels together, then a gain and an offset for each channel."""
    flat = graph.op("Reshape", x, graph.ints(1, 1, -1))
    unit, none = graph.constant(np.ones(1, np.float32)), graph.constant(np.zeros(1, np.float32))
    normal = graph.op("InstanceNormalization", flat, unit, none, epsilon=1e-5)
    gain = weights.constant("/groupnorm/Mul_output_0", input=1).reshape(-1)
    offset = weights.constant("/groupnorm/Add_output_0", input=1).reshape(-1)
    rows = graph.op("Reshape", normal, graph.ints(1, -1, _WIDTH))
    return graph.op("Add", graph.op("Mul", rows, graph.constant(gain)), graph.constant(offset))


def _write_cross_attention(graph: GraphWriter, decoder: PublishedWeights, x: Value) -> None:
    for i in range(LAYERS):
        for part in ("key", "value"):
            name = f"decoder/layers.{i}/encoder_attn/{part[0]}_proj/MatMul_output_0"
            heads = graph.op("Reshape", graph.dense(x, decoder.layer(name)), graph.ints(0, 0, HEADS, HEAD_SIZE))
            turned = graph.op("Transpose", heads, perm=[0, 2, 1, 3])
            graph.output(turned, f"cross_{part}_{i}", [1, HEADS, "frames", HEAD_SIZE])


def write_decoder(decoder: PublishedWeights, path: Path) -> None:
    """One greedy step.

    Inputs: `tokens` and `positions` (b, 1), `cross_bias` (b, 1, 1, f) added to attention scores; for each layer
    `cross_key_i`, `cross_value_i` (b, 8, f, 36) and `past_key_i`, `past_value_i` (b, 8, t, 36).
    Outputs: `next_tokens` (b, 1), `log_probs` (b, 1); `present_key_i`, `present_value_i` (b, 8, t + 1, 36).
    """
    graph = GraphWriter("decoder")
    tokens = graph.input("tokens", ["batch", 1], integer=True)
    rotary = _rotary(graph, decoder, graph.input("positions", ["batch", 1], integer=True), _MAX_TOKENS)
    bias = graph.input("cross_bias", ["batch", 1, 1, "frames"])
    output = decoder.layer("logits")
    table = graph.constant(decoder.integers("embed_tokens/Gather_output_0_quantized", input=0))
    scale = graph.constant(np.array(output.scale, np.float32))
    zero = graph.constant(np.array(output.zero_point, np.uint8))
    x = graph.op("DequantizeLinear", graph.op("Gather", table, tokens), scale, zero)
    for i in range(LAYERS):
        x = _decoder_layer(graph, decoder, x, i, rotary, bias)
    x = graph.layer_norm(x, decoder.constant("decoder/norm/LayerNormalization_output_0", input=1))
    _write_greedy_choice(graph, graph.wide_by_row(x, output))
    graph.save(path)


def _decoder_layer(
    graph: GraphWriter, decoder: PublishedWeights, x: Value, i: int, rotary: _Rotary, bias: Value
) -> Value:
    layer = f"decoder/layers.{i}/"
    own = [decoder.layer(f"{layer}self_attn/{p}_proj/MatMul_output_0") for p in "qkvo"]
    cross = [decoder.layer(f"{layer}encoder_attn/{p}_proj/MatMul_output_0") for p in "qo"]
    gains = [
        decoder.constant(f"{layer}{name}_layernorm/LayerNormalization_output_0", input=1)
        for name in ("input", "post_attention", "final")
    ]
    past = [graph.input(f"past_{p}_{i}", ["batch", HEADS, "past", HEAD_SIZE]) for p in ("key", "value")]
    frames = [graph.input(f"cross_{p}_{i}", ["batch", HEADS, "frames", HEAD_SIZE]) for p in ("key", "value")]

    q, k, v = graph.split(graph.dense_by_row(graph.layer_norm(x, gains[0]), *own[:3]), 3)
    said, *present = graph.ops(
        "MultiHeadAttention", rotary.turn(q), rotary.turn(k), v, "", "", "", *past,
        outputs=3, domain=MICROSOFT, num_heads=HEADS,
    )  # fmt: skip
    for part, grown in zip(("key", "value"), present, strict=True):
        graph.output(grown, f"present_{part}_{i}", ["batch", HEADS, "present", HEAD_SIZE])
    x = graph.op("Add", x, graph.dense_by_row(said, own[3]))

    q = graph.dense_by_row(graph.layer_norm(x, gains[1]), cross[0])
    heard = graph.op("MultiHeadAttention", q, *frames, "", "", bias, domain=MICROSOFT, num_heads=HEADS)
    x = graph.op("Add", x, graph.dense_by_row(heard, cross[1]))

    h = graph.dense_by_row(graph.layer_norm(x, gains[2]), decoder.layer(f"{layer}mlp/fc1/Add_output_0"))
    value, gate = graph.split(h, 2)
    gated = graph.op("Mul", value, graph.op("QuickGelu", gate, domain=MICROSOFT, alpha=1.0))
    return graph.op("Add", x, graph.dense_by_row(gated, decoder.layer(f"{layer}mlp/fc2/Add_output_0")))


def _write_greedy_choice(graph: GraphWriter, logits: Value) -> None:
    """The likeliest token and its log probability, so that the (b, 1, 32768) logits never leave the graph."""
    last = graph.ints(2)
    below_best = graph.op("Sub", logits, graph.op("ReduceMax", logits, last, keepdims=1))
    mass = graph.op("ReduceSum", graph.op("Exp", below_best), last, keepdims=0)
    graph.output(graph.op("ArgMax", logits, axis=2, keepdims=0), "next_tokens", ["batch", 1], integer=True)
    graph.output(graph.op("Neg", graph.op("Log", mass)), "log_probs", ["batch", 1])
