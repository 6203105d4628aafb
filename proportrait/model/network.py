"""The six-head model: late fusion of a backbone on the views with the scores of the measures.

The logit of an attribute is the weighted mean of two logits. One is that of a linear layer on the
backbone's features of the views; only this one is trained. The other is that of the attribute's
score (see `proportrait.measures`), which is calibrated to raters. A score that rests on landmarks
means the same in a photo as in a generated picture, unlike some of what a network learns from
generated pictures; for the other attributes the network knows more.

This is the model as it is trained, in PyTorch; `proportrait.model.heads` serves it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from proportrait.labels import KEYS
from proportrait.model.architecture import Architecture
from proportrait.model.heads import CLIP

# By attribute: the weight of the score's logit. Chosen among 0, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, and
# 1 on two sets that the model of that time was not trained on: 756 rated faces of the built-in
# source and a set of rated portraits. The backbone is better on the first (expression: AUC .96, the
# measure .83), the measures on the second (.71 and .91). The measure of lighting is stricter with
# dark faces: of 30 dark people in good light .60 pass with a share of 0.5, .90 with 0.2. Framing is
# a matter of landmarks alone; there is no measure of attire.
SHARES = {
    "lighting": 0.2,
    "background": 0.5,
    "attire": 0.0,
    "expression": 0.65,
    "framing": 0.9,
    "sharpness": 0.5,
}
# Judged on the view of the face alone: in generated pictures the surroundings correlate with
# lighting and expression more than in photos. The other attributes are judged on all views.
FACIAL = ("lighting", "expression")
_FEATURE_DROPOUT = 0.2


class HeadshotModel(nn.Module):
    """Six logits for each portrait.

    Args:
        architecture: as it is saved with the weights.
        backbone: (n, 3, size, size) -> (n, num_features), of `backbone.create`.
        frozen: whether batch normalisation keeps its statistics, those of ImageNet: whole pictures
            and faces have different ones, and a batch is small.
    """

    shares: Tensor
    sees: Tensor

    def __init__(self, architecture: Architecture, backbone: Any, frozen: bool = True) -> None:
        super().__init__()
        self.architecture, self.frozen = architecture, frozen
        self.backbone = backbone
        views = architecture.preprocessing.views
        self.dropout = nn.Dropout(_FEATURE_DROPOUT)
        self.heads = nn.Linear(backbone.num_features * len(views), len(KEYS))
        nn.init.zeros_(self.heads.bias)
        blind = [
            [key in FACIAL and view == "whole" and "face" in views for view in views]
            for key in KEYS
        ]
        self.register_buffer("sees", 1 - torch.tensor(blind).float()[..., None])  # (6, views, 1)
        shares = torch.tensor([SHARES[key] for key in KEYS])
        self.register_buffer("shares", shares * architecture.measures)

    def forward(self, views: Tensor, scores: Tensor) -> Tensor:
        """Logits (N, 6) float32.

        Args:
            views: (N, views, 3, size, size) float32, normalised.
            scores: (N, 6) float32, [0, 100], NaN where an attribute could not be assessed: there
                the backbone decides alone. In training mode it does so everywhere.
        """
        features = self.backbone(views.flatten(0, 1)).unflatten(0, views.shape[:2])
        flat = self.dropout(features.flatten(1).float())  # (N, views * features)
        weight = self.heads.weight.view(len(KEYS), views.shape[1], -1) * self.sees
        logits = nn.functional.linear(flat, weight.flatten(1), self.heads.bias)
        if self.training:
            return logits
        available = ~torch.isnan(scores)
        share = torch.where(available, scores / 100, 0.5).clamp(CLIP, 1 - CLIP)
        weight = self.shares * available
        fusion: Tensor = (1 - weight) * logits + weight * torch.log(share / (1 - share))
        return fusion

    def train(self, mode: bool = True) -> HeadshotModel:
        """Training or evaluation mode; see `frozen`."""
        super().train(mode)
        for module in self.backbone.modules():
            if self.frozen and isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self


def masked_bce(logits: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """Mean binary cross-entropy of the known bits, all (N, 6); 0 if no bit is known."""
    each = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)
