"""Silero VAD's network written anew with matrix products, from the weights of its published file.

The published graph runs five convolutions over four time steps each, frame by frame, and onnxruntime computes such
short convolutions several times slower than one matrix product over all frames. Same weights, same sums; the order
of additions differs, so probabilities agree to about 1e-6. Knows nothing of audio files or spans.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

INPUT_LENGTH: Final = 576
WINDOW: Final = 256
WINDOW_STEP: Final = 128
BINS: Final = 129
STRIDES: Final = (1, 2, 2, 1)
"""Of the four convolutions of three taps, each padded by one."""

Array = NDArray[np.float32]


def rebuilt(path: Path) -> bytes:
    """A model with the inputs and outputs of `silero_vad_16k_sequence.onnx` and the weights that it has.

    Raises:
        KeyError, ValueError, OSError, google.protobuf.message.DecodeError: it is not that model.
    """
    model = onnx.load(path)
    weights = {w.name: numpy_helper.to_array(w) for w in model.graph.initializer}
    lstm = next(node for node in model.graph.node if node.op_type == "LSTM")
    graph = _Graph()
    spectrum = _magnitudes(graph, weights["stft.forward_basis_buffer"])
    encoded = _encoder(graph, spectrum, weights)
    _recurrence(graph, encoded, [weights[name] for name in lstm.input[1:4]])
    _verdict(graph, weights["output.weight"], weights["output.bias"])
    return graph.serialized(model)


class _Graph:
    """Nodes and constants as they are added."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, values: Array | NDArray[np.int64]) -> str:
        """The name of a new constant."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "") -> str:
        """The name of the output of a new node."""
        name = output or f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name]))
        return name

    def gather(self, values: str, at: NDArray[np.int64]) -> str:
        """The values at these places of the second axis."""
        name = f"Gather_{len(self._nodes)}"
        self._nodes.append(helper.make_node("Gather", [values, self.constant(at)], [name], axis=1))
        return name

    def add_lstm(self, inputs: list[str], outputs: list[str], *, hidden_size: int) -> None:
        """A recurrence over the first axis."""
        self._nodes.append(helper.make_node("LSTM", inputs, outputs, hidden_size=hidden_size))

    def serialized(self, like: onnx.ModelProto) -> bytes:
        """The model, with the inputs, outputs and operator versions of another."""
        graph = helper.make_graph(
            self._nodes, "silero", list(like.graph.input), list(like.graph.output), self._constants
        )
        model = helper.make_model(graph, opset_imports=list(like.opset_import), ir_version=like.ir_version)
        return bytes(model.SerializeToString())


def _magnitudes(graph: _Graph, basis: Array) -> str:
    """Short-time spectrum of each frame, shape (frames, 4, 129); the end of a frame is reflected."""
    starts = np.arange(0, INPUT_LENGTH + 64 - WINDOW + 1, WINDOW_STEP)
    at = starts[:, None] + np.arange(WINDOW)
    reflected = np.where(at < INPUT_LENGTH, at, 2 * (INPUT_LENGTH - 1) - at)
    windows = graph.gather("input", reflected)
    waves = graph.add("MatMul", windows, graph.constant(basis[:, 0, :].T))
    squares = graph.add("Mul", waves, waves)
    pair_sum = np.concatenate([np.eye(BINS), np.eye(BINS)]).astype(np.float32)
    return graph.add("Sqrt", graph.add("MatMul", squares, graph.constant(pair_sum)))


def _encoder(graph: _Graph, features: str, weights: dict[str, Array]) -> str:
    """Four convolutions over time, shape (frames, 1, 128)."""
    steps = 4
    for layer, stride in enumerate(STRIDES):
        kernel = weights[f"encoder.{layer}.weight"]
        out_channels, in_channels, taps = kernel.shape
        centres = np.arange(0, steps, stride)
        at = centres[:, None] + np.arange(taps) - taps // 2
        inside = [tap for tap in range(taps) if steps > 1 or tap == taps // 2]
        if steps > 1:
            zeros = graph.constant(np.array([0, 1, 0, 0, 1, 0], np.int64))
            padded = graph.add("Pad", features, zeros)
            neighbours = graph.gather(padded, at + 1)
            shape = graph.constant(np.array([-1, len(centres), taps * in_channels], np.int64))
            features = graph.add("Reshape", neighbours, shape)
        matrix = kernel[:, :, inside].transpose(2, 1, 0).reshape(-1, out_channels)
        product = graph.add("MatMul", features, graph.constant(matrix))
        bias = graph.constant(weights[f"encoder.{layer}.bias"])
        features = graph.add("Relu", graph.add("Add", product, bias))
        steps = len(centres)
    return features


def _recurrence(graph: _Graph, features: str, weights: list[Array]) -> None:
    """The LSTM over frames; its output is named `heard`, shape (frames, 1, 1, 128)."""
    constants = [graph.constant(w) for w in weights]
    hidden_size = weights[1].shape[-1]
    graph.add_lstm([features, *constants, "", "h", "c"], ["heard", "hn", "cn"], hidden_size=hidden_size)


def _verdict(graph: _Graph, weight: Array, bias: Array) -> None:
    flat = graph.add("Reshape", "heard", graph.constant(np.array([-1, weight.shape[1]], np.int64)))
    score = graph.add("MatMul", graph.add("Relu", flat), graph.constant(weight[:, :, 0].T))
    probability = graph.add("Sigmoid", graph.add("Add", score, graph.constant(bias)))
    graph.add("Reshape", probability, graph.constant(np.array([-1], np.int64)), output="speech_probs")
