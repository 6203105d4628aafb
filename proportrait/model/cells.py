"""What each place of each view adds to the logits, as far as the features decide.

A network that ends in a mean over places and a linear layer is a sum over places: its class
activation map is exact (Zhou, Khosla, Lapedriza, Oliva, Torralba, "Learning Deep Features for
Discriminative Localization", CVPR 2016).
"""

from __future__ import annotations

import numpy as np

from proportrait.arrays import Float, Image
from proportrait.looks.features import MEAN, STD
from proportrait.model.backbone import OFFLINE, PACKAGED
from proportrait.model.saved import BACKBONE, Headshot
from proportrait.model.views import View, normalise
from proportrait.networks.assets import asset
from proportrait.networks.efficientnet import DEPTHS, Weights, build, timm_names
from proportrait.networks.inference import Network, compile_network
from proportrait.networks.pth import read_pth


def has_cells(headshot: Headshot) -> bool:
    """Whether the places of a model's views can be told apart: its backbone is served here."""
    return headshot.architecture.backbone in DEPTHS


class Cells:
    """The feature maps of a model, and the weight of each feature.

    Attributes:
        views: the names of the views, those of the network trained on ImageNet alone at the end:
            as `Preprocessing.windows` lists them.

    Args:
        headshot: one that `has_cells`.
    """

    def __init__(self, headshot: Headshot) -> None:
        architecture, fusion, state = headshot.architecture, headshot.fusion, headshot.state
        self._prepare = architecture.preprocessing
        self.views: tuple[View, ...] = (*self._prepare.views, *self._prepare.general)
        own = {key.removeprefix(BACKBONE): value for key, value in state.items()
               if key.startswith(BACKBONE)}  # fmt: skip
        self._network = self._compiled(own, architecture.backbone, self._prepare.size)
        if self._prepare.general:
            packaged = timm_names(read_pth(asset(PACKAGED[OFFLINE])), OFFLINE)
            self._general_network = self._compiled(packaged, OFFLINE, self._prepare.general_size)
        weight = fusion.weight * fusion.mix[:, 1, None]
        trained = state["heads.weight"].reshape(*state["sees"].shape[:2], -1) * state["sees"]
        trained = trained.reshape(len(weight), -1) * fusion.mix[:, 0, None]
        weight[:, : trained.shape[1]] += trained
        names = headshot.feature_views
        starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]])[1:]
        self._weights = np.split(weight, starts, 1)
        self._centres = np.split(fusion.centre, starts)

    def __call__(self, views: tuple[Image, ...]) -> list[Float]:
        """What each cell adds to the logits: of each of `self.views` (6, h, w) float32.

        They add up to what the features add to the logits, less what those of a mean picture do.

        Args:
            views: of a picture, of `Preprocessing`.
        """
        own, general = views
        maps = [self._network([batch[None]])[0][0] for batch in self._prepare.normalise(own)]
        maps += [
            self._general_network([batch[None]])[0][0] for batch in normalise(general, MEAN, STD)
        ]
        return [
            np.tensordot(weight, cells - centre[:, None, None], 1) / cells[0].size
            for cells, weight, centre in zip(maps, self._weights, self._centres, strict=True)
        ]

    @staticmethod
    def _compiled(weights: Weights, name: str, size: int) -> Network:
        return compile_network(build(weights, name, size, batch=1, pooled=False), threads=1)
