"""Reading of .pth files without PyTorch, against PyTorch."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from proportrait.errors import AssetError
from proportrait.networks.assets import asset
from proportrait.networks.pth import read_pth


def write(content: Any, path: Path, **options: Any) -> Path:
    torch.save(content, path, **{"_use_new_zipfile_serialization": False} | options)
    return path


def assert_same(path: Path) -> None:
    expected, arrays = torch.load(path, weights_only=True), read_pth(path)
    assert list(arrays) == list(expected)
    for name, tensor in expected.items():
        assert arrays[name].dtype == tensor.numpy().dtype
        assert arrays[name].shape == tensor.shape
        assert np.array_equal(arrays[name], tensor.numpy())


def test_the_packaged_weights_are_those_that_torch_reads() -> None:
    assert_same(asset("imagenet-lite0"))


def test_parts_of_one_storage_keep_their_places(tmp_path: Path) -> None:
    values = torch.arange(24, dtype=torch.float32)
    state = {
        "whole": values, "row": values[6:9], "turned": values.view(4, 6).T, "step": values[1::5],
        "empty": torch.zeros(0, 3), "counter": torch.tensor(7),
    }  # fmt: skip
    assert_same(write(state, tmp_path / "a.pth"))


class Harmful:
    """Runs code where a pickle is trusted."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def test_a_pickle_that_names_anything_else_is_refused(tmp_path: Path) -> None:
    victim = tmp_path / "made"
    for number, content in enumerate((
        Harmful(Path.mkdir, victim),
        {"a": Harmful(eval, f"open({str(victim)!r}, 'w')")},
        OrderedDict(a=torch.zeros(2), b=Harmful(print, "it ran")),
    )):  # fmt: skip
        path = write(content, tmp_path / f"{number}.pth")
        with pytest.raises(AssetError, match="which is no part of a state"):
            read_pth(path)
    assert not victim.exists()


@pytest.mark.parametrize(
    "content", [[torch.zeros(2)], {"a": 3}, {"a": [torch.zeros(2)]}, "text", {"a": "<f4"}]
)
def test_what_is_no_state_is_refused(content: Any, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="something else than tensors by name"):
        read_pth(write(content, tmp_path / "a.pth"))


def test_other_types_than_float32_and_int64_are_refused(tmp_path: Path) -> None:
    path = write({"a": torch.zeros(2, dtype=torch.float64)}, tmp_path / "a.pth")
    with pytest.raises(AssetError, match=r"torch\.DoubleStorage"):
        read_pth(path)


def test_the_newer_format_says_what_to_do(tmp_path: Path) -> None:
    path = write({"a": torch.zeros(2)}, tmp_path / "a.pth", _use_new_zipfile_serialization=True)
    with pytest.raises(AssetError, match=r"a zip file.*_use_new_zipfile_serialization=False"):
        read_pth(path)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    data = write({"a": torch.arange(100.0)}, tmp_path / "a.pth").read_bytes()
    cut = [data[:length] for length in (0, 1, 14, 60, 200, len(data) - 401, len(data) - 1)]
    for content in (*cut, b"no weights", pickle.dumps(3), pickle.dumps(OrderedDict())):
        (tmp_path / "b.pth").write_bytes(content)
        with pytest.raises(AssetError, match=r"b\.pth cannot be read as weights"):
            read_pth(tmp_path / "b.pth")
    with pytest.raises(AssetError, match=r"gone\.pth cannot be read as weights"):
        read_pth(tmp_path / "gone.pth")


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (101,), (1,)), (50, (51,), (1,)), (-1, (2,), (1,)), (0, (2,), (-1,)), (0, (200,), (0,)),
     (0, (2, 2), (100, 1)), (0, (2,), (1, 1)), (0, (2**60, 2**60), (0, 0))],
)  # fmt: skip
def test_a_tensor_beyond_its_storage_is_refused(
    offset: int, shape: tuple[int, ...], strides: tuple[int, ...], tmp_path: Path
) -> None:
    storage = torch.arange(100.0).untyped_storage()
    typed = torch.storage.TypedStorage(wrap_storage=storage, dtype=torch.float32, _internal=True)
    part = Harmful(torch._utils._rebuild_tensor_v2, typed, offset, shape, strides, False, None)
    with pytest.raises(AssetError, match="cannot be read as weights"):
        read_pth(write({"a": part}, tmp_path / "a.pth"))
