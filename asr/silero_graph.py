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
REFLECTED: Final = 64
"""Samples that are mirrored at a frame's end, to make whole windows."""
STEPS: Final = 4
"""Windows in a frame."""
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
        return self.join("Gather", values, self.constant(at))

    def join(self, operator: str, *inputs: str) -> str:
        """The name of the output of a new node that works along the second axis."""
        name = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], axis=1))
        return name

    def slice(self, values: str, start: int, stop: int, step: int = 1) -> str:
        """`values[:, start:stop:step]`."""
        bounds = (self.constant(np.array([number], np.int64)) for number in (start, stop, 1, step))
        return self.add("Slice", values, *bounds)

    def reshape(self, values: str, *shape: int) -> str:
        """The same values in another shape; -1 stands for what remains."""
        return self.add("Reshape", values, self.constant(np.array(shape, np.int64)))

    def dense(self, values: str, matrix: Array, bias: Array) -> str:
        """`relu(values @ matrix + bias)` of rows; as one operation, for which three are written here."""
        return self.add("Relu", self.add("Gemm", values, self.constant(matrix), self.constant(bias)))

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
    """Short-time spectra, shape (frames x 4, 129); the end of a frame is reflected."""
    last = INPUT_LENGTH - 1
    reflected = graph.join("Concat", "input", graph.slice("input", last - 1, last - 1 - REFLECTED, -1))
    halves = [
        graph.reshape(graph.slice(reflected, start, start + STEPS * WINDOW_STEP), -1, WINDOW_STEP)
        for start in (0, WINDOW_STEP)
    ]
    waves = graph.add("MatMul", graph.join("Concat", *halves), graph.constant(basis[:, 0, :].T))
    squares = graph.add("Mul", waves, waves)
    power = graph.add("Add", graph.slice(squares, 0, BINS), graph.slice(squares, BINS, 2 * BINS))
    return graph.add("Sqrt", power)


def _encoder(graph: _Graph, features: str, weights: dict[str, Array]) -> str:
    """Four convolutions over the time steps of a frame, shape (frames, 1, 128)."""
    steps = STEPS
    for layer, stride in enumerate(STRIDES):
        kernel = weights[f"encoder.{layer}.weight"]
        out_channels, in_channels, taps = kernel.shape
        centres = np.arange(0, steps, stride)
        inside = [tap for tap in range(taps) if steps > 1 or tap == taps // 2]
        if steps > 1:
            zeros = graph.constant(np.array([0, 1, 0, 0, 1, 0], np.int64))
            padded = graph.add("Pad", graph.reshape(features, -1, steps, in_channels), zeros)
            neighbours = graph.gather(padded, centres[:, None] + np.arange(taps))
            features = graph.reshape(neighbours, -1, taps * in_channels)
        matrix = kernel[:, :, inside].transpose(2, 1, 0).reshape(-1, out_channels)
        features = graph.dense(features, matrix, weights[f"encoder.{layer}.bias"])
        steps = len(centres)
    return graph.reshape(features, -1, 1, out_channels)


def _recurrence(graph: _Graph, features: str, weights: list[Array]) -> None:
    """The LSTM over frames; its output is named `heard`, shape (frames, 1, 1, 128)."""
    constants = [graph.constant(w) for w in weights]
    hidden_size = weights[1].shape[-1]
    graph.add_lstm([features, *constants, "", "h", "c"], ["heard", "hn", "cn"], hidden_size=hidden_size)


def _verdict(graph: _Graph, weight: Array, bias: Array) -> None:
    flat = graph.reshape("heard", -1, weight.shape[1])
    score = graph.add("MatMul", graph.add("Relu", flat), graph.constant(weight[:, :, 0].T))
    probability = graph.add("Sigmoid", graph.add("Add", score, graph.constant(bias)))
    graph.add("Reshape", probability, graph.constant(np.array([-1], np.int64)), output="speech_probs")
