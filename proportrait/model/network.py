"""The network that a backbone is trained in: one linear layer on the features of the views.

What it learns is served together with the measures, see `proportrait.model.fusion`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from proportrait.labels import KEYS
from proportrait.model.architecture import Architecture

# Judged on the view of the face alone: in generated pictures the surroundings correlate with
# lighting and expression more than in photos. The other attributes are judged on all views.
FACIAL = ("lighting", "expression")
_DROPOUT = 0.2  # share of the features


class HeadshotModel(nn.Module):
    """Six logits for each portrait.

    Args:
        architecture: as it is saved with the weights.
        backbone: (n, 3, size, size) -> (n, num_features), of `backbone.create`.
        frozen: whether batch normalisation keeps its statistics, those of ImageNet: whole pictures
            and faces have different ones, and a batch is small.
    """

    sees: Tensor

    def __init__(self, architecture: Architecture, backbone: Any, frozen: bool = True) -> None:
        super().__init__()
        self.architecture, self.frozen = architecture, frozen
        self.backbone = backbone
        views = architecture.trained
        self.heads = nn.Linear(backbone.num_features * len(views), len(KEYS))
        nn.init.zeros_(self.heads.bias)
        blind = [
            [key in FACIAL and view == "whole" and "face" in views for view in views]
            for key in KEYS
        ]
        self.register_buffer("sees", 1 - torch.tensor(blind).float()[..., None])  # (6, views, 1)

    def forward(self, views: Tensor, dropout: Tensor | None = None) -> Tensor:
        """Logits (N, 6) float32 of the views that it is trained with.

        Args:
            views: (N, views, 3, size, size) float32, normalised.
            dropout: (N, views * F) float32, rows of `dropout_mask`; None to keep all features.
        """
        features = self.backbone(views.flatten(0, 1)).unflatten(0, views.shape[:2])
        return self.judge(features, dropout)

    def dropout_mask(self, rows: int, seed: int) -> Tensor:
        """Factors (rows, views * F) float32 of the features: 0, or 1 / (1 - `_DROPOUT`).

        It is drawn for a whole step, so that the step is the same however many processes share it.
        """
        mask = torch.empty(rows, self.heads.in_features)
        generator = torch.Generator().manual_seed(seed)
        return mask.bernoulli_(1 - _DROPOUT, generator=generator).div_(1 - _DROPOUT)

    def judge(self, features: Tensor, dropout: Tensor | None = None) -> Tensor:
        """Logits (N, 6) float32 of features (N, views, F)."""
        flat = features.flatten(1).float()
        if dropout is not None:
            flat = flat * dropout
        weight = self.heads.weight.view(len(KEYS), features.shape[1], -1) * self.sees
        return nn.functional.linear(flat, weight.flatten(1), self.heads.bias)

    def train(self, mode: bool = True) -> HeadshotModel:
        """Training or evaluation mode; see `frozen`."""
        super().train(mode)
        for module in self.backbone.modules():
            if self.frozen and isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self


def masked_bce(
    logits: Tensor, labels: Tensor, known: Tensor, count: Tensor | None = None
) -> Tensor:
    """Mean binary cross-entropy of the known bits, all (N, 6); 0 if no bit is known.

    Args:
        count: of the known bits of a whole step, where this is a part of it: the parts add up.
    """
    each = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (each * known).sum() / (known.sum() if count is None else count).clamp(min=1)
