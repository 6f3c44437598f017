"""Reads Moonshine's published weights out of its `.ort` files.

The files are graphs for onnxruntime's own loader; it writes them back as ONNX, where every weight is found by
the name of the operation that uses it. Knows nothing of how the weights are run.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import AttributeProto, numpy_helper

from asr.engines.onnx_graph import QuantizedLayer
from asr.errors import CorruptModel

_WEIGHTS_OF = {"MatMulIntegerToFloat": (1, 3, 5, 6), "DynamicQuantizeMatMul": (1, 2, 3, 4)}
"""Where weight, scale, zero point and bias stand among an operation's inputs."""


class PublishedWeights:
    """The constants of one published graph, looked up by the end of an operation's output name."""

    def __init__(self, operations: dict[str, tuple[str, list[NDArray[np.generic] | None]]]) -> None:
        self._operations = operations

    @classmethod
    def read(cls, path: Path) -> "PublishedWeights":
        """Read an `.ort` file. Raises CorruptModel where it is none."""
        with TemporaryDirectory() as folder:
            written = Path(folder) / "graph.onnx"
            options = onnxruntime.SessionOptions()
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            options.optimized_model_filepath = str(written)
            try:
                onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            except Exception as error:  # onnxruntime's errors share no public base
                raise CorruptModel(f"{path.name} is not a graph that onnxruntime loads: {error}") from error
            graph = onnx.load(written).graph
        return cls(dict(_operations(graph, {})))

    def constant(self, name: str, *, input: int) -> NDArray[np.float32]:
        """A float32 constant that stands at that input of the operation."""
        return np.asarray(self._input(name, input), np.float32)

    def integers(self, name: str, *, input: int) -> NDArray[np.uint8]:
        """A uint8 constant that stands at that input of the operation."""
        return np.asarray(self._input(name, input), np.uint8)

    def layer(self, name: str) -> QuantizedLayer:
        """A quantized matrix product, with its bias where it has one."""
        kind, inputs = self._find(name)
        weight, scale, zero_point, bias = (
            inputs[i] if i < len(inputs) else None for i in _WEIGHTS_OF.get(kind, (0, 0, 0, 0))
        )
        if weight is None or scale is None or zero_point is None:
            raise CorruptModel(f"{name} is a {kind} without constant weights")
        return QuantizedLayer(
            np.asarray(weight, np.uint8),
            scale.astype(float).item(),
            int(zero_point.astype(int).item()),
            None if bias is None else np.asarray(bias, np.float32),
        )

    def _input(self, name: str, input: int) -> NDArray[np.generic]:
        value = dict(enumerate(self._find(name)[1])).get(input)
        if value is None:
            raise CorruptModel(f"the graph has no constant at input {input} of {name}")
        return value

    def _find(self, name: str) -> tuple[str, list[NDArray[np.generic] | None]]:
        found = [operation for key, operation in self._operations.items() if key.endswith(name)]
        if len(found) != 1:
            raise CorruptModel(f"the graph has {len(found)} operations called {name}")
        return found[0]


def _operations(
    graph: onnx.GraphProto, outer: dict[str, NDArray[np.generic]]
) -> Iterator[tuple[str, tuple[str, list[NDArray[np.generic] | None]]]]:
    """Every operation by its first output, with its constant inputs; both branches of an `If` hold the same."""
    constants = outer | {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        branches = [a.g for a in node.attribute if a.type == AttributeProto.GRAPH]
        for branch in branches:
            yield from _operations(branch, constants)
        if not branches:
            yield node.output[0], (node.op_type, [constants.get(name) for name in node.input])
