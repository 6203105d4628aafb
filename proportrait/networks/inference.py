"""Small networks on the CPU, through OpenVINO: it reads its own IR, ONNX, and TFLite."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from proportrait.arrays import Float


class Network:
    """A compiled network: call it with its inputs to get its outputs.

    Any number of threads may call it at once. It does not pickle: a worker process compiles its
    own.
    """

    def __init__(self, compiled_model: Any) -> None:
        self._model = compiled_model
        self._requests = threading.local()

    def __call__(self, inputs: Sequence[Float] | Mapping[str, Float]) -> list[Float]:
        """Run the network once.

        Args:
            inputs: in the network's order, or by name.

        Returns:
            The outputs in the network's order, float32, owned by the caller.
        """
        # One request is one set of buffers, so threads cannot share it.
        request = getattr(self._requests, "request", None)
        if request is None:
            request = self._requests.request = self._model.create_infer_request()
        # A list would be looked at for single numbers, which takes longer than a small network.
        values = request.infer(
            inputs if isinstance(inputs, Mapping) else tuple(inputs), share_inputs=True
        )
        return [np.asarray(values[index], np.float32) for index in range(len(values))]


def compile_network(network: Path | Any, threads: int) -> Network:
    """Compile a network for the CPU.

    Args:
        network: a file, or an OpenVINO model that was built or changed in memory. A file is
            compiled once a process and thread count, then shared.
        threads: threads that one call may use, at least 1.
    """
    if threads < 1:
        raise ValueError(f"threads is at least 1, not {threads}")
    if isinstance(network, Path):
        return _compile_file(network, threads)
    return _compile(network, threads)


def read_network(network: Path | bytes) -> Any:
    """Read a network, a file or the bytes of one, as an OpenVINO model that may be changed."""
    return _core().read_model(network)


@cache
def _core() -> Any:
    from proportrait.networks.binding import openvino

    return openvino.Core()


@cache
def _compile_file(path: Path, threads: int) -> Network:
    return _compile(read_network(path), threads)


def _compile(model: Any, threads: int) -> Network:
    # The default precision is bf16 on some CPUs: results would differ from machine to machine.
    options = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # With pinning all worker processes share the same core: two ran no faster than one.
        "ENABLE_CPU_PINNING": False,
    }
    return Network(_core().compile_model(model, "CPU", options))
