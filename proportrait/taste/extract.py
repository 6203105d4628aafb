"""The features by which a taste is learnt, in named sets: made offline, from one look at a picture.

They are kept in the cache of looks, about 10 KB a picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from proportrait.arrays import Float
from proportrait.digest import code_digest
from proportrait.looks.features import SIZE, Backbone
from proportrait.looks.look import INPUTS, Features, Look
from proportrait.model.saved import Headshot, load, packaged

_CELLS = 3  # rows and columns of the layout
_VIEWS = ("whole", "face", "bust")  # of the packaged model's
# By set, the best first.
WIDTHS: dict[str, int] = {
    "measures": len(INPUTS) + 6,
    "verdicts": 6,
    "layout": SIZE * _CELLS**2,
    "whole": SIZE,
    "bust": SIZE,
    "face": SIZE,
    "objects": SIZE,
}
_PARTS = (
    "model/fusion.py",
    "model/heads.py",
    "model/saved.py",
    "model/views.py",
    "taste/extract.py",
)


@cache
def version() -> str:
    """A hash of the code and the packaged model that features depend on: 8 hex digits."""
    return code_digest(_PARTS, (), [hashlib.sha256(packaged().read_bytes()).hexdigest()])[:8]


@dataclass(frozen=True)
class TasteExtractor:
    """Takes feature sets of a look.

    Attributes:
        sets: of `WIDTHS`.
    """

    sets: tuple[str, ...] = tuple(WIDTHS)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"taste-{version()}-{name}" for name in self.sets)

    def __call__(self, look: Look) -> Mapping[str, Features]:
        arrays = _arrays(look)
        return {
            name: arrays[key].astype(np.float16)
            for name, key in zip(self.names, self.sets, strict=True)
        }


def _arrays(look: Look) -> dict[str, Float]:
    """All sets of a look with its measures and its subject, 1-d float32."""
    if look.subject is None:
        raise ValueError("features are taken of a look that has its picture")
    model, image = _model(), look.subject.image
    views = np.stack(model.preprocessing(image, look.box))[None]
    own, features = model.features(views)
    logits = model.fusion.logits(
        own, features, look.measure_array(model.architecture.measures)[None]
    )
    parts = dict(zip(model.preprocessing.views, features.reshape(-1, SIZE), strict=False))
    grid = _pooled(_map_network()(image))
    return {
        "measures": np.concatenate([look.measure_array(INPUTS), _geometry(look)]),
        "verdicts": logits[0],
        "layout": grid.reshape(-1),
        **{name: parts[name] for name in _VIEWS},
        "objects": grid.mean((1, 2)),
    }


def _geometry(look: Look) -> Float:
    """Centre, size, and form of the largest face in shares of the picture, and its form: (6,)."""
    height, width = look.size
    if look.box is None:
        return np.array([np.nan] * 5 + [width / height], np.float32)
    x0, y0, x1, y1 = look.box
    return np.array(
        [abs((x0 + x1) / 2 - 0.5), (y0 + y1) / 2, x1 - x0, y1 - y0, look.faces, width / height],
        np.float32,
    )


def _pooled(features: Float) -> Float:
    """Means (C, 3, 3) of the cells of a map (C, H, W)."""
    ends = [np.array_split(np.arange(side), _CELLS) for side in features.shape[1:]]
    return np.array(
        [[features[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean((1, 2))
          for columns in ends[1]] for rows in ends[0]], np.float32,
    ).transpose(2, 0, 1)  # fmt: skip


@cache
def _model() -> Headshot:
    return load(packaged())


@cache
def _map_network() -> Backbone:
    return Backbone(threads=1, pooled=False)
