"""What `rank` and `people` compare faces by: a named choice of face recognition networks.

Two networks that learnt in different ways err on different faces, so by default the embeddings of
both lie side by side. A face that is like many others gets less for its likeness: its distance
from the most alike people of a cohort counts too, as in adaptive score normalisation (Matejka et
al., "Analysis of score normalization in multilingual speaker recognition", 2017). Constants:
`python -m benchmarks.identity --fit`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.errors import ConfigurationError
from proportrait.faces import Face, FaceAnalyzer
from proportrait.faces.arcface import ArcFaceNetwork

DEFAULT = "both"
# The weight of each network's embedding: at a distance of 0.5 a like share of others passes.
KINDS: dict[str, dict[str, float]] = {
    "both": {"dlib": 0.473, "sface": 0.473},
    "dlib": {"dlib": 1.0},
    "sface": {"sface": 0.53},
}
# Share of the mean distance from the cohort that a distance is lessened by. With dlib alone it lets
# twice as many pairs of real photos pass.
COMMON = {"both": 0.55, "dlib": 0.0, "sface": 0.55}
NEAREST = 20  # people of the cohort that count
_INSIGHTFACE = 0.42  # weight of an embedding of length 1


def checked(kind: str) -> str:
    """A name of `KINDS`, or the path of an ONNX file of the user; else ConfigurationError."""
    if kind not in KINDS and not (kind.endswith(".onnx") and Path(kind).is_file()):
        raise ConfigurationError(
            f"the embedding is {', '.join(KINDS)}, or the .onnx file of a recognition network of "
            f"InsightFace that you have, not {kind!r}"
        )
    return kind


@cache
def digest(kind: str) -> str:
    """Hex digits for what an embedding depends on beside the code."""
    if kind in KINDS:
        return kind + hashlib.sha256(_cohort_file().read_bytes()).hexdigest()
    return hashlib.sha256(Path(kind).read_bytes()).hexdigest()


def embedding(image: Image, face: Face, analyzer: FaceAnalyzer, kind: str = DEFAULT) -> Float:
    """The embedding (D + 1,) float32 of a face and its mirror image, so that both are alike.

    The last number is what lessens its distances: half of `COMMON` times the mean distance from
    the `NEAREST` people of the cohort, less that of the cohort itself. 0 without a cohort.
    """
    image, face = _part(image, face)
    if kind not in KINDS:
        vector = _INSIGHTFACE * _insightface(kind)(image, face)
        return np.append(vector, np.float32(0)).astype(np.float32)
    parts = networks(image, face, analyzer, KINDS[kind])
    rows = {name: part[None] for name, part in parts.items()}
    return np.asarray(completed(rows, KINDS[kind], COMMON[kind])[0], np.float32)


def networks(
    image: Image, face: Face, analyzer: FaceAnalyzer, names: Mapping[str, object]
) -> dict[str, Float]:
    """The embeddings (D,) of the named networks."""
    each = {"dlib": lambda: _dlib(image, face, analyzer), "sface": lambda: _sface()(image, face)}
    return {name: each[name]() for name in names}


def completed(
    parts: Mapping[str, Float],
    weights: Mapping[str, float],
    common: float,
    nearest: int = NEAREST,
) -> Float:
    """Embeddings (F, D + 1) from those of networks (F, ...), by name.

    Args:
        parts: of the networks.
        weights: of them; the embedding has those that are named here.
        common: share as of `COMMON`.
        nearest: in place of `NEAREST`.
    """
    cohort, usual = _cohort(tuple(weights.items()), nearest)
    vectors = _weighted(parts, weights)
    lessens = common / 2 * (_nearest(distances(vectors, cohort), nearest) - usual)
    return np.column_stack([vectors, lessens]).astype(np.float32)


def _weighted(parts: Mapping[str, Float], weights: Mapping[str, float]) -> Float:
    each = [np.float32(weight) * parts[name] for name, weight in weights.items()]
    return np.concatenate(each, 1, dtype=np.float32)


def distances(some: Float, others: Float) -> Float:
    """Euclidean distances (F, G) of vectors (F, D) and (G, D)."""
    squares = np.einsum("ij,ij->i", some, some)[:, None] + np.einsum("ij,ij->i", others, others)
    return np.asarray(np.sqrt(np.maximum(squares - 2 * some @ others.T, 0)), np.float32)


def _nearest(values: Float, count: int) -> Float:
    """The mean (F,) of so many smallest values of each row."""
    return np.asarray(np.partition(values, count - 1, axis=1)[:, :count].mean(1), np.float32)


@cache
def _cohort(weights: tuple[tuple[str, float], ...], nearest: int) -> tuple[Float, float]:
    """Vectors (C, D) of made people, and the mean distance of one from the nearest others."""
    with np.load(_cohort_file()) as file:
        vectors = _weighted({name: file[name].astype(np.float32) for name in file}, dict(weights))
    apart = distances(vectors, vectors)
    np.fill_diagonal(apart, np.inf)
    return vectors, float(_nearest(apart, nearest).mean())


def _cohort_file() -> Path:
    """Written by `python -m tools.pack.cohort`."""
    return Path(str(files("proportrait.rank") / "data" / "cohort.npz"))


def _part(image: Image, face: Face) -> tuple[Image, Face]:
    """The part of a picture that the networks look at, and the face in it."""
    extent = np.array(image.shape[1::-1])
    low, high = face.landmarks[:, :2].min(0), face.landmarks[:, :2].max(0)
    margin = (high - low).max()
    x0, y0 = np.clip(low - margin, 0, extent - 1).astype(int)
    x1, y1 = np.clip(high + margin, (x0 + 1, y0 + 1), extent).astype(int)
    part = np.ascontiguousarray(image[y0:y1, x0:x1])
    return part, replace(face, landmarks=face.landmarks - np.array([x0, y0, 0], np.float32))


def _dlib(image: Image, face: Face, analyzer: FaceAnalyzer) -> Float:
    """The mean embedding (128,) of a face and its mirror image."""
    mirrored = face.landmarks * np.array([-1, 1, 1], np.float32)
    mirrored[:, 0] += image.shape[1] - 1
    both = (
        analyzer.identity(image, face),
        analyzer.identity(flipped(image), replace(face, landmarks=mirrored)),
    )
    return np.asarray(np.mean(both, axis=0), np.float32)


def flipped(image: Image) -> Image:
    """The mirror image of a picture (H, W, 3)."""
    return np.asarray(cv2.flip(image, 1), np.uint8)  # 20 times as fast as a copy of a reversed view


@cache
def _sface() -> ArcFaceNetwork:
    return ArcFaceNetwork.sface()


@cache
def _insightface(path: str) -> ArcFaceNetwork:
    return ArcFaceNetwork.insightface(Path(path))
