"""Whether a picture shows a person, and a head, where no face is detected."""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

import numpy as np

from proportrait.arrays import Float, Image
from proportrait.faces import FaceAnalyzer
from proportrait.looks.features import shared_backbone
from proportrait.networks.assets import asset
from proportrait.networks.pth import read_pth

# face: at least one; head: somebody whose face is turned away or hidden; body: somebody without a
# head, or too far away to tell; nobody: no person.
Presence = Literal["face", "head", "body", "nobody"]

# Classes of ImageNet-1k (ILSVRC 2012) that are worn: abaya to scuba diver, without those that mere
# texture looks like (poncho, stole, velvet, wool). Animals have classes of their own, so that a dog
# is no person, however much its outline looks like that of a portrait.
_WORN = (
    399, 400, 411, 433, 443, 445, 451, 452, 457, 459, 461, 465, 474, 501, 515, 518, 524, 560, 568,
    570, 578, 601, 608, 610, 614, 617, 638, 639, 643, 652, 655, 667, 678, 679, 689, 691, 697,
    775, 793, 796, 808, 823, 834, 836, 837, 841, 842, 869, 887, 903, 906, 981, 982, 983,
)  # fmt: skip
# See `tools.fit_presence`: photos cut off below the chin, whole photos, and views of places.
WORN_ALONE = 0.12  # probability of something worn that is enough
WORN_WITH_SHAPE, SHAPE = 0.04, 0.2  # or so much, beside so large a silhouette
HEAD_SHAPE = 0.1  # of the picture: the silhouette network sees no person without a head
CUT = 0.1  # of the picture's width: as much of a silhouette on the upper border is no crown
_BORDER = 3  # px of the silhouette


class Signs(NamedTuple):
    """What tells a person: shares of 0 to 1.

    Attributes:
        worn: probability that the picture shows something that is worn.
        share: of the picture that is a silhouette.
        cut: of the upper border that is a silhouette.
    """

    worn: float
    share: float
    cut: float


def presence(image: Image, analyzer: FaceAnalyzer) -> Presence:
    """What an RGB picture (H, W, 3) without a detected face shows of a person."""
    worn, share, cut = signs(image, analyzer)
    if worn < WORN_ALONE and not (worn >= WORN_WITH_SHAPE and share >= SHAPE):
        return "nobody"
    return "head" if share >= HEAD_SHAPE and cut < CUT else "body"


def signs(image: Image, analyzer: FaceAnalyzer) -> Signs:
    """The signs of a person in an RGB picture (H, W, 3)."""
    silhouette = analyzer.silhouettes(image) > 0.5
    cut = float(silhouette[:_BORDER].mean())
    return Signs(_worn(image), float(silhouette.mean()), cut)


def _worn(image: Image) -> float:
    """The probability that the picture shows clothes, or something else that is worn."""
    weights, biases = _classifier()
    logits = weights @ shared_backbone()(image) + biases
    likely = np.exp(logits - logits.max())
    return float(likely[list(_WORN)].sum() / likely.sum())


@cache
def _classifier() -> tuple[Float, Float]:
    """The weights (1000, 1280) and biases (1000,) of the network's classifier."""
    weights = read_pth(asset("imagenet-lite0"))
    return np.asarray(weights["_fc.weight"]), np.asarray(weights["_fc.bias"])
