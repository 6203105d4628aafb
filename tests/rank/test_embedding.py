from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from proportrait.arrays import Image
from proportrait.errors import AssetError, ConfigurationError
from proportrait.faces import shared_analyzer
from proportrait.rank import embedding as module
from proportrait.rank.describe import version
from proportrait.rank.embedding import checked, completed, embedding


@pytest.fixture
def cohort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two people at 0 and 2 of a line, of which one is compared with."""
    path = tmp_path / "cohort.npz"
    np.savez(path, dlib=np.array([[0.0], [2.0]], np.float16))
    monkeypatch.setattr(module, "_cohort_file", lambda: path)
    module._cohort.cache_clear()
    yield
    module._cohort.cache_clear()


def test_distances_of_a_face_that_is_far_from_all_are_lessened(cohort: None) -> None:
    parts = {"dlib": np.array([[0.0], [1.0], [6.0]], np.float32)}
    # Half a share of 0.5 of the distance from the nearest, 0, 1, 4, less that of the cohort, 2.
    result = completed(parts, {"dlib": 1.0}, common=0.5, nearest=1)
    assert result.tolist() == [[0, -0.5], [1, -0.25], [6, 0.5]]
    # At half the weight of the network all distances are half as long.
    result = completed(parts, {"dlib": 0.5}, common=0.5, nearest=1)
    assert result.tolist() == [[0, -0.25], [0.5, -0.125], [3, 0.25]]


def test_two_networks_lie_side_by_side(image: Image) -> None:
    analyzer = shared_analyzer()
    face = analyzer.face(image)
    both, dlib, sface = (embedding(image, face, analyzer, kind) for kind in module.KINDS)
    weights = module.KINDS["both"]
    assert both.shape == (257,)
    ratio = weights["dlib"] / module.KINDS["dlib"]["dlib"]
    assert both[:128] == pytest.approx(ratio * dlib[:-1], abs=1e-6)
    ratio = weights["sface"] / module.KINDS["sface"]["sface"]
    assert both[128:-1] == pytest.approx(ratio * sface[:-1], abs=1e-6)
    assert np.linalg.norm(both[128:-1]) == pytest.approx(weights["sface"], rel=1e-5)


@pytest.mark.parametrize("kind", ["facenet", "missing.onnx"])
def test_an_embedding_that_is_not_there_says_which_are(kind: str) -> None:
    with pytest.raises(ConfigurationError, match=r"both, dlib, sface, or the \.onnx file"):
        checked(kind)


def network(path: Path, side: int = 112) -> Path:
    """A network as of InsightFace: the mean of each colour; batches of any size."""
    pixels = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, side, side])
    vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["batch", 3])
    axes = numpy_helper.from_array(np.array([2, 3]), "axes")
    node = helper.make_node("ReduceMean", ["input", "axes"], ["vector"], keepdims=0)
    graph = helper.make_graph([node], "mean", [pixels], [vector], [axes])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


def test_a_network_of_the_user_gives_its_own_embedding(image: Image, tmp_path: Path) -> None:
    kind = checked(str(network(tmp_path / "mean.onnx")))
    assert version(kind) != version()
    # Half white, a quarter grey: (1, 0, -1) of the range of the network.
    colours = np.broadcast_to(np.array([255, 127, 0], np.uint8), image.shape).copy()
    analyzer = shared_analyzer()
    vector = embedding(colours, analyzer.face(image), analyzer, kind)
    assert vector / module._INSIGHTFACE == pytest.approx(
        [np.sqrt(0.5), 0, -np.sqrt(0.5), 0], abs=0.01
    )


@pytest.mark.parametrize("what", ["text", "side"])
def test_a_file_that_is_no_such_network_says_which_to_take(
    image: Image, tmp_path: Path, what: str
) -> None:
    path = tmp_path / "other.onnx"
    if what == "text":
        path.write_text("no network")
    else:
        network(path, side=64)
    analyzer = shared_analyzer()
    with pytest.raises(AssetError, match=r"other\.onnx is no .* take the file w600k_r50\.onnx"):
        embedding(image, analyzer.face(image), analyzer, str(path))
