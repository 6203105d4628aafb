"""The features by which a taste is learnt, in named sets: made offline, from one look at a picture.

They are kept in the cache of looks, about 5 KB a picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from proportrait.arrays import Float, Image
from proportrait.digest import code_digest
from proportrait.labels import KEYS
from proportrait.looks.features import SIZE, Backbone
from proportrait.looks.look import INPUTS, SCORE, Features, Look
from proportrait.model.saved import packaged, packaged_model
from proportrait.networks.assets import asset
from proportrait.networks.pth import read_pth
from proportrait.taste import networks
from proportrait.taste.networks import NETWORKS

_CELLS = 3  # rows and columns of the layout
_FINE, _COARSE = 256, 128  # features that are left of the networks' 1,280: of a view, of a cell
# Names of the columns of "geometry" behind those of GEOMETRY.
FACE = ("CentreX", "CentreY", "Width", "Height", "Top", "Bottom", "Side", "Faces", "PictureForm")
GEOMETRY = tuple(name for name in INPUTS if name.startswith("framing."))
MEASURES = {
    key: tuple(name for name in INPUTS if name.startswith(f"{key}.") and not name.endswith(SCORE))
    for key in KEYS if key not in ("framing", "attire")
}  # fmt: skip
# By set, the best first: its parts, each with its number of columns. Parts weigh alike.
SETS: dict[str, dict[str, int]] = {
    "geometry": {"geometry": len(GEOMETRY) + len(FACE)},
    "verdicts": {"verdicts": len(KEYS)},
    "picture": {"layout": _COARSE * _CELLS**2, "objects": _FINE},
    "measures": {key: len(names) for key, names in MEASURES.items()},
    "whole": {"whole": _FINE},
    "bust": {"bust": _FINE},
    "face": {"face": _FINE},
}
_NEEDED = {"geometry": ("framing",), "verdicts": KEYS, "measures": tuple(MEASURES)}  # attributes
_OF_THE_MODEL = ("verdicts", "whole", "bust", "face")
_CODE = ("model/fusion.py", "model/heads.py", "model/saved.py", "model/views.py")


@cache
def version() -> str:
    """A hash of the code and the packaged model that features depend on: 8 hex digits."""
    model = hashlib.sha256(packaged().read_bytes()).hexdigest()
    return code_digest((*_CODE, "taste/extract.py", "taste/networks.py"), (), [model])[:8]


@dataclass(frozen=True)
class TasteExtractor:
    """Takes feature sets of a look.

    Attributes:
        sets: of `SETS`, and of `networks.NETWORKS`.
    """

    sets: tuple[str, ...] = tuple(SETS)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"taste-{version()}-{name}" for name in self.sets)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The keys of the attributes that have to be measured before."""
        needed = {key for name in self.sets for key in _NEEDED.get(name, ())}
        return tuple(key for key in KEYS if key in needed)

    def __call__(self, look: Look) -> Mapping[str, Features]:
        if look.subject is None:
            raise ValueError("features are taken of a look that has its picture")
        parts = _measured(look)
        if set(_OF_THE_MODEL) & set(self.sets):
            parts |= _of_the_model(look, look.subject.image)
        if "picture" in self.sets:
            parts |= _of_the_picture(look.subject.image)
        for name in set(NETWORKS) & set(self.sets):
            parts[name] = networks.features(name, look.subject.image)
        return {
            name: np.concatenate([parts[part] for part in SETS.get(key, [key])]).astype(np.float16)
            for name, key in zip(self.names, self.sets, strict=True)
        }


def _measured(look: Look) -> dict[str, Float]:
    """The parts that need no network: 1-d float32."""
    geometry = np.concatenate([look.measure_array(GEOMETRY), _face(look)])
    return {"geometry": geometry} | {
        key: look.measure_array(names) for key, names in MEASURES.items()
    }


def _of_the_model(look: Look, image: Image) -> dict[str, Float]:
    """Log odds of the packaged model, and its features of some views: 1-d float32."""
    model = packaged_model()
    own, features = model.features([model.preprocessing(image, look.box)])
    measures = look.measure_array(model.architecture.measures)
    views = dict(zip(model.preprocessing.views, features.reshape(-1, SIZE), strict=False))
    return {
        "verdicts": model.fusion.logits(own, features, measures[None])[0],
        **{view: _axes() @ views[view] for view in ("whole", "bust", "face")},
    }


def _of_the_picture(image: Image) -> dict[str, Float]:
    """Features of the network for ImageNet, by place and in all: 1-d float32."""
    objects = _map_network()(image)
    return {
        "layout": _layout(np.tensordot(_axes()[:_COARSE], objects, 1)).ravel(),
        "objects": _axes() @ objects.mean((1, 2)),
    }


def _face(look: Look) -> Float:
    """Where the largest face is, in shares of the picture, and the form of both: see `FACE`."""
    height, width = look.size
    x0, y0, x1, y1 = (np.nan,) * 4 if look.box is None else map(float, look.box)
    return np.array(
        [abs((x0 + x1) / 2 - 0.5), (y0 + y1) / 2, x1 - x0, y1 - y0, y0, y1, min(x0, 1 - x1),
         look.faces, width / height], np.float32,
    )  # fmt: skip


def _layout(features: Float) -> Float:
    """Means (C, 3, 3) of the cells of a map (C, H, W), the same of its mirror image.

    Of the left and right cells the sum and the difference without its sign.
    """
    rows, columns = (np.array_split(np.arange(side), _CELLS) for side in features.shape[1:])
    cells = np.array([[features[:, r[0] : r[-1] + 1, c[0] : c[-1] + 1].mean((1, 2))
                       for c in columns] for r in rows], np.float32).transpose(2, 0, 1)  # fmt: skip
    left, middle, right = cells.transpose(2, 0, 1)
    return np.stack([left + right, middle, abs(left - right)], 2)


@cache
def _axes() -> Float:
    """Directions (256, 1280) of the features in which the 1,000 classes of ImageNet differ most."""
    weights = np.asarray(read_pth(asset("imagenet-lite0"))["_fc.weight"], np.float64)
    axes = np.linalg.eigh(weights.T @ weights)[1][:, ::-1][:, :_FINE].T
    largest = axes[np.arange(_FINE), abs(axes).argmax(1)]
    return np.asarray(axes * np.sign(largest)[:, None], np.float32)  # eigenvectors have no sign


@cache
def _map_network() -> Backbone:
    return Backbone(threads=1, pooled=False)
