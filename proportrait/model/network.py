"""The six-head model: a backbone that looks at the views, and what was measured, fused late.

Every attribute has two opinions. One is a linear layer on what the backbone sees in the views; only
this one learns. The other is the component that the measures of the attribute give (see
`proportrait.measures`), whose log odds raters have set. The logit is their weighted mean.
Where landmarks decide, a component means the same in a photo as in a made picture, which what a
network has learnt from made pictures does not always; where they do not, the network knows more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from proportrait.labels import KEYS
from proportrait.model.views import Preprocessing

# By attribute: how much of the logit is the measures'. Chosen among 0, 0.2, 0.35, 0.5, 0.65, 0.8,
# 0.9, and 1 on 756 rated faces of the built-in source that the model of that time had not learnt
# from, and on the whole of a set of rated portraits, none learnt from: the backbone knows more of
# the first (expression: AUC .96, the measure .83), the measures of the second (.71 and .91).
# The measure of light asks more of dark faces: of 30 dark people in good light .60 pass with a
# share of 0.5, .90 with 0.2. Framing is a matter of landmarks alone; no measure tells clothes.
SHARES = {
    "lighting": 0.2,
    "background": 0.5,
    "attire": 0.0,
    "expression": 0.65,
    "framing": 0.9,
    "sharpness": 0.5,
}
# Judged on the view of the face alone: in made pictures more goes along with light and expression
# than in others. The other attributes are judged on all views.
FACIAL = ("lighting", "expression")
_SUREST = 0.003  # a component within this share of its ends says no more than one there
_FEATURE_DROPOUT = 0.2


@dataclass(frozen=True)
class Architecture:
    """All that is needed to build a model without its weights; JSON-ready by `dataclasses.asdict`.

    Attributes:
        backbone: timm's name.
        preprocessing: of its pictures.
        measures: whether the heads know the components too.
    """

    backbone: str
    preprocessing: Preprocessing
    measures: bool = True


class HeadshotModel(nn.Module):
    """Six logits of portraits.

    Args:
        architecture: what is built.
        backbone: (n, 3, size, size) -> (n, num_features), as `backbone.create` makes it.
        frozen: whether batch normalisation keeps the statistics that it has, those of ImageNet:
            whole pictures and faces have different ones, and a batch is small.
    """

    shares: Tensor
    sees: Tensor

    def __init__(self, architecture: Architecture, backbone: Any, frozen: bool = True) -> None:
        super().__init__()
        self.architecture, self.frozen = architecture, frozen
        self.backbone = backbone
        seen = backbone.num_features * len(architecture.preprocessing.views)
        self.dropout = nn.Dropout(_FEATURE_DROPOUT)
        self.heads = nn.Linear(seen, len(KEYS))
        nn.init.zeros_(self.heads.bias)
        views = architecture.preprocessing.views
        blind = [
            [key in FACIAL and view == "whole" and "face" in views for view in views]
            for key in KEYS
        ]
        self.register_buffer("sees", 1 - torch.tensor(blind).float()[..., None])  # (6, views, 1)
        shares = torch.tensor([SHARES[key] for key in KEYS])
        self.register_buffer("shares", shares * architecture.measures)

    def forward(self, views: Tensor, components: Tensor) -> Tensor:
        """Logits (N, 6) float32.

        Args:
            views: (N, views, 3, size, size) float32, normalised.
            components: (N, 6) float32, [0, 100], NaN where a measure could not be taken: there the
                backbone decides alone. While the model is in training mode it does so everywhere.
        """
        features = self.backbone(views.flatten(0, 1)).unflatten(0, views.shape[:2])
        flat = self.dropout(features.flatten(1).float())  # (N, views * features)
        weight = self.heads.weight.view(len(KEYS), views.shape[1], -1) * self.sees
        seen = nn.functional.linear(flat, weight.flatten(1), self.heads.bias)
        if self.training:
            return seen
        there = ~torch.isnan(components)
        share = torch.where(there, components / 100, 0.5).clamp(_SUREST, 1 - _SUREST)
        weight = self.shares * there
        fused: Tensor = (1 - weight) * seen + weight * torch.log(share / (1 - share))
        return fused

    def train(self, mode: bool = True) -> HeadshotModel:
        """Training or evaluation mode; see `frozen`."""
        super().train(mode)
        for module in self.backbone.modules():
            if self.frozen and isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self


def masked_bce(logits: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """Mean binary cross-entropy of the bits that are known; all (N, 6). Zero where none is."""
    each = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)
