"""Writes an ONNX graph operation by operation. Knows ONNX and onnxruntime's own operators, and no model.

The two kinds of quantized layers differ in how activations are rounded, which decides whether a row of a batch
can feel its neighbours (see `dense` and `dense_by_row`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

MICROSOFT: Final = "com.microsoft"
_OPSET: Final = 18
_SILENT: Final = 1e-12
"""Least peak of a row in `wide_by_row`: one of zeros stays zeros."""
_BLOCK: Final = 32
"""Values that share one scale in `dense_by_row`; 16, 64 and 128 were measured to be slower."""

Value = str
"""The name of a tensor inside the graph."""


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedLayer:
    """`x @ ((weight - zero_point) * scale) + bias`."""

    weight: NDArray[np.uint8]
    """Shape (inputs, outputs)."""
    scale: float
    zero_point: int
    bias: NDArray[np.float32] | None
    """Shape (outputs,)."""

    def float_weight(self) -> NDArray[np.float32]:
        """The weights that the integers stand for."""
        return (self.weight.astype(np.float32) - self.zero_point) * np.float32(self.scale)


class GraphWriter:
    """Collects operations, constants, inputs and outputs; `save` writes the model."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._count = 0

    def input(self, name: str, shape: list[str | int], *, integer: bool = False) -> Value:
        """Declare an input: float32, or int64."""
        self._inputs.append(_value_info(name, shape, integer=integer))
        return name

    def output(self, value: Value, name: str, shape: list[str | int], *, integer: bool = False) -> None:
        """Declare `value` as an output of that name."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(_value_info(name, shape, integer=integer))

    def constant(self, array: NDArray[np.generic]) -> Value:
        """A tensor that is part of the model."""
        name = self._fresh("constant")
        self._constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def ints(self, *numbers: int) -> Value:
        """A one-dimensional int64 constant."""
        return self.constant(np.array(numbers, np.int64))

    def op(self, kind: str, *inputs: Value, domain: str = "", **attributes: float | list[int]) -> Value:
        """Append an operation with one output. An empty input name leaves that input out."""
        return self.ops(kind, *inputs, outputs=1, domain=domain, **attributes)[0]

    def ops(
        self, kind: str, *inputs: Value, outputs: int, domain: str = "", **attributes: float | list[int]
    ) -> list[Value]:
        """Append an operation with several outputs."""
        names = [self._fresh(kind) for _ in range(outputs)]
        node = helper.make_node(kind, list(inputs), names, domain=domain)
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self._nodes.append(node)
        return names

    def split(self, value: Value, parts: int) -> list[Value]:
        """Equal parts along the last axis."""
        return self.ops("Split", value, outputs=parts, axis=-1, num_outputs=parts)

    def slice(self, value: Value, start: int, stop: int, *, axis: int) -> Value:
        """`value[start:stop]` along one axis."""
        return self.op("Slice", value, self.ints(start), self.ints(stop), self.ints(axis))

    def layer_norm(self, value: Value, gain: NDArray[np.float32]) -> Value:
        """Layer normalization over the last axis, without offset."""
        return self.op("LayerNormalization", value, self.constant(gain), axis=-1, epsilon=1e-5)

    def affine(self, value: Value, weight: NDArray[np.float32], bias: NDArray[np.float32] | None) -> Value:
        """`value @ weight + bias` in float32."""
        product = self.op("MatMul", value, self.constant(weight))
        return product if bias is None else self.op("Add", product, self.constant(bias))

    def dense(self, value: Value, *layers: QuantizedLayer) -> Value:
        """Quantized layers over one input, side by side; the whole tensor's activations share one 8-bit scale.

        The fastest kind, and it keeps the weights' integers exactly, but the rows of a batch share that scale:
        for batches of one.
        """
        signed = [_signed(layer) for layer in layers]
        integers = np.concatenate([part[0] for part in signed], axis=1)
        widths = [layer.weight.shape[1] for layer in layers]
        scales, zeros = (np.repeat(np.stack([part[i] for part in signed]), widths) for i in (1, 2))
        bias = _joined_bias(layers)
        if len(layers) == 1:
            scales, zeros = scales[0], zeros[0]
        constants = [self.constant(array) for array in (integers, scales, zeros)]
        if bias is not None:
            constants.append(self.constant(bias))
        return self.op("DynamicQuantizeMatMul", value, *constants, domain=MICROSOFT)

    def dense_by_row(self, value: Value, *layers: QuantizedLayer) -> Value:
        """Quantized layers over one input, side by side; each row's activations have scales of their own.

        The result for a row does not depend on the other rows of the batch.
        """
        weight = np.concatenate([layer.float_weight() for layer in layers], axis=1)
        inputs, outputs = weight.shape
        blocks = weight.T.reshape(outputs, inputs // _BLOCK, _BLOCK)
        scales = (np.abs(blocks).max(axis=2) / 127 + 1e-12).astype(np.float32)
        integers = np.clip(np.rint(blocks / scales[..., None]) + 128, 0, 255).astype(np.uint8)
        bias = _joined_bias(layers)
        constants = [self.constant(integers), self.constant(scales)]
        if bias is not None:
            constants += ["", "", self.constant(bias)]
        return self.op(
            "MatMulNBits", value, *constants, domain=MICROSOFT,
            K=inputs, N=outputs, bits=8, block_size=_BLOCK, accuracy_level=4,
        )  # fmt: skip

    def wide_by_row(self, value: Value, layer: QuantizedLayer) -> Value:
        """A layer without bias as `dense_by_row` has it, but one scale for a whole row, and the weights' own integers.

        Seven operations: twice as fast for a batch of 8 and 32,768 outputs, no faster for 2,304.
        """
        peak = self.op("ReduceMax", self.op("Abs", value), self.ints(-1), keepdims=1)
        peak = self.op("Max", peak, self.constant(np.array(_SILENT, np.float32)))
        step, zero = self.constant(np.array(1 / 127, np.float32)), self.constant(np.array(128, np.uint8))
        levels = self.op("QuantizeLinear", self.op("Div", value, peak), step, zero)
        weights = [self.constant(array) for array in _signed(layer)]
        product = self.op(
            "MatMulIntegerToFloat", levels, weights[0], step, weights[1], zero, weights[2], domain=MICROSOFT
        )
        return self.op("Mul", product, peak)

    def save(self, path: Path) -> None:
        """Write the model."""
        graph = helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)

    def _fresh(self, kind: str) -> Value:
        self._count += 1
        return f"{kind}_{self._count}"


def _value_info(name: str, shape: list[str | int], *, integer: bool) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.INT64 if integer else TensorProto.FLOAT, shape)


def _signed(layer: QuantizedLayer) -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.int8]]:
    """Integers, scale and zero point moved from unsigned to signed, which the processor multiplies faster."""
    integers = (layer.weight.astype(np.int16) - 128).astype(np.int8)
    return integers, np.array(layer.scale, np.float32), np.array(layer.zero_point - 128, np.int8)


def _joined_bias(layers: tuple[QuantizedLayer, ...]) -> NDArray[np.float32] | None:
    if all(layer.bias is None for layer in layers):
        return None
    return np.concatenate([np.zeros(s.weight.shape[1], np.float32) if s.bias is None else s.bias for s in layers])
