"""Networks whose weights are stored as int8 in blocks: OpenVINO does not read them as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from proportrait.arrays import Float


def dequantised(path: Path) -> bytes:
    """An ONNX file with each DequantizeLinear of a weight replaced by its float32 result.

    The bias in the last block counts too: https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    weights = {entry.name: entry for entry in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear" or node.input[0] not in weights:
            nodes.append(node)
            continue
        options = {entry.name: entry.i for entry in node.attribute}
        values, scale, zero = (numpy_helper.to_array(weights[name]) for name in node.input)
        values = _floats(values, scale, zero, options["axis"], options["block_size"])
        model.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return bytes(model.SerializeToString())


def _floats(values: Float, scale: Float, zero: Float, axis: int, block: int) -> Float:
    """`values` less the zero point of their block, times its scale."""
    length = np.arange(values.shape[axis]) // block
    zero, scale = (np.take(entry, length, axis).astype(np.float32) for entry in (zero, scale))
    return np.asarray((values.astype(np.float32) - zero) * scale, np.float32)
