"""Small labelled pictures and small models, for the tests of training, export, and scoring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from proportrait.imaging import encode_png
from proportrait.labels import KEYS
from proportrait.model.architecture import Architecture
from proportrait.model.backbone import Choice, create
from proportrait.model.calibration import Calibration
from proportrait.model.network import HeadshotModel
from proportrait.model.saved import Headshot
from proportrait.model.views import VIEWS, Preprocessing, View
from proportrait.train.batches import Batches, Looks
from proportrait.train.data import TABLE, Pictures

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


def empty_looks(count: int) -> Looks:
    """Looks without a face and without scores."""
    boxes, scores = (np.full((count, size), np.nan, np.float32) for size in (4, 6))
    return Looks(boxes, scores, np.zeros(count, np.int64))


def preprocessing(views: tuple[View, ...] = VIEWS, size: int = SIZE) -> Preprocessing:
    return Preprocessing(size, views, MEAN, STD)


def batches(pictures: Pictures, seed: int = 0, kind: type[Batches] = Batches) -> Batches:
    return kind(pictures, empty_looks(len(pictures)), preprocessing(), seed)


def network(
    backbone: str = TRANSFORMER, measures: bool = True, seed: int = 0,
    views: tuple[View, ...] = VIEWS,
) -> HeadshotModel:  # fmt: skip
    """With random weights, in evaluation mode."""
    import torch

    torch.manual_seed(seed)
    timm_network = create(Choice(backbone, "none", ""), SIZE)
    return HeadshotModel(
        Architecture(backbone, preprocessing(views), measures), timm_network
    ).eval()


def headshot(about: Mapping[str, Any] | None = None, seed: int = 0) -> Headshot:
    """A model with random weights, and temperatures and thresholds that are not neutral."""
    calibration = Calibration((1.5, 1, 0.75, 2, 1, 1), (0.5, 0.4, 0.6, 0.5, 0.5, 0.5))
    return Headshot.from_network(network(seed=seed), calibration, about or {})
