"""Small labelled pictures and small models, for the tests of training, export, and scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from proportrait.imaging import encode_png
from proportrait.labels import KEYS
from proportrait.measures import NAMES
from proportrait.model.architecture import Architecture
from proportrait.model.backbone import Choice, create
from proportrait.model.calibration import Calibration
from proportrait.model.fusion import Fusion
from proportrait.model.network import HeadshotModel
from proportrait.model.saved import Headshot
from proportrait.model.views import TRAINED, Preprocessing, View
from proportrait.train.batches import Batches
from proportrait.train.data import TABLE, Pictures
from proportrait.train.loop import served

TRANSFORMER, CONVOLUTIONAL = "test_vit", "test_efficientnet"  # of timm, 0.1 to 0.3 million weights
SIZE = 64
MEAN = STD = (0.5, 0.5, 0.5)


def banded(code: str, seed: int) -> np.ndarray:
    """A picture (128, 128, 3) whose six bands are light where a bit is 1, with some grain."""
    levels = np.array([190 if bit == "1" else 60 for bit in code]).repeat(22)[:128]
    grain = np.random.default_rng(seed).normal(0, 8, (128, 128, 3))
    return np.clip(levels[:, None, None] + grain, 0, 255).astype(np.uint8)


def write_folder(folder: Path, count: int = 24, seed: int = 0) -> Path:
    """`count` banded pictures, two of a source, with random labels in a labels.csv."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    lines = ["file,labels,source_id"]
    for number in range(count):
        code = "".join(rng.choice(list("01"), len(KEYS)))
        (folder / f"{number:02d}.png").write_bytes(encode_png(banded(code, number)))
        lines.append(f"{number:02d}.png,{code},person {number // 2}")
    (folder / TABLE).write_text("\n".join(lines) + "\n")
    return folder


def no_boxes(count: int) -> np.ndarray:
    """The boxes (N, 4) of pictures without a face."""
    return np.full((count, 4), np.nan, np.float32)


def preprocessing(
    views: tuple[View, ...] = TRAINED, size: int = SIZE, general: tuple[View, ...] = ()
) -> Preprocessing:
    return Preprocessing(size, views, MEAN, STD, general, 2 * size)


def batches(pictures: Pictures, seed: int = 0, kind: type[Batches] = Batches) -> Batches:
    return kind(pictures, no_boxes(len(pictures)), preprocessing(), seed)


def network(
    backbone: str = TRANSFORMER, seed: int = 0, views: tuple[View, ...] = TRAINED,
    general: tuple[View, ...] = (), measures: tuple[str, ...] = NAMES,
) -> HeadshotModel:  # fmt: skip
    """With random weights, in evaluation mode; without the network for ImageNet it is quick."""
    import torch

    torch.manual_seed(seed)
    timm_network = create(Choice(backbone, "none", ""), SIZE)
    prepare = preprocessing(served(views), general=general)
    architecture = Architecture(backbone, prepare, views, measures)
    return HeadshotModel(architecture, timm_network).eval()


def random_fusion(like: Fusion, seed: int = 0) -> Fusion:
    """A fusion of the same shape, with four knots a measure, that hears all opinions."""
    rng = np.random.default_rng(seed)
    count, features = like.weight.shape
    measures = len(like.knots)

    def normal(*shape: int, scale: float) -> np.ndarray:
        return rng.normal(0, scale, shape).astype(np.float32)

    return Fusion(
        normal(features, scale=0.1), normal(count, features, scale=0.1), normal(count, scale=0.3),
        np.sort(normal(measures, 4, scale=1.0), axis=1), normal(count, measures, 4, scale=0.2),
        normal(count, scale=0.3), rng.uniform(0.2, 0.6, (count, 3)).astype(np.float32),
        normal(count, scale=0.3),
    )  # fmt: skip


def headshot(about: Mapping[str, Any] | None = None, seed: int = 0) -> Headshot:
    """A model with random weights, whose fusion and calibration are not neutral."""
    calibration = Calibration((1.5, 1, 0.75, 2, 1, 1), (0.5, 0.4, 0.6, 0.5, 0.5, 0.5))
    model = Headshot.from_network(network(seed=seed))
    fusion = random_fusion(model.fusion, seed)
    return replace(model, fusion=fusion, calibration=calibration, about=about or {})
