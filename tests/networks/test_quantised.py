from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from proportrait.networks.inference import compile_network, read_network
from proportrait.networks.quantised import dequantised


def test_weights_in_blocks_become_floats(tmp_path: Path) -> None:
    # Blocks of 2 along the second axis, the last one shorter: (value - zero) * scale.
    arrays = {
        "w": np.array([[1, 2, 3], [-4, 5, 6]], np.int8),
        "scale": np.array([[0.5, 2], [1, 0.25]], np.float32),
        "zero": np.array([[1, 0], [0, 2]], np.int8),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "scale", "zero"], ["v"], axis=1, block_size=2),
        helper.make_node("MatMul", ["x", "v"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes, "blocks",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(values, name) for name, values in arrays.items()],
    )  # fmt: skip
    path = tmp_path / "blocks.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)]), path)
    network = compile_network(read_network(dequantised(path)), 1)
    assert network([np.array([[1, 0]], np.float32)])[0].tolist() == [[0, 0.5, 6]]
    assert network([np.array([[0, 1]], np.float32)])[0].tolist() == [[-4, 5, 1]]
