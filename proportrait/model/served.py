"""A whole model as one PyTorch module, for export: what `Headshot.logits` computes in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from proportrait.looks.features import MEAN, STD
from proportrait.model.backbone import OFFLINE, Choice, create
from proportrait.model.fusion import Fusion
from proportrait.model.saved import Headshot


def served(headshot: Headshot) -> nn.Module:
    """The module (views (N, V, 3, s, s), measures (N, M)) -> logits (N, 6), in evaluation mode.

    Of a model without measures it takes the views alone.
    """
    return _Served(headshot).eval()


class _Served(nn.Module):
    def __init__(self, headshot: Headshot) -> None:
        super().__init__()
        architecture = headshot.architecture
        prepare = architecture.preprocessing
        self.own, self.trained = headshot.network, len(architecture.trained)
        self.places = [prepare.views.index(view) for view in architecture.general]
        if self.places:
            self.general: Any = create(Choice(OFFLINE, "package", ""), prepare.size)
        # From the model's normalisation to that of the network for ImageNet.
        scale, shift = np.divide(prepare.std, STD), np.subtract(prepare.mean, MEAN) / np.array(STD)
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32).view(-1, 1, 1))
        self.register_buffer("shift", torch.tensor(shift, dtype=torch.float32).view(-1, 1, 1))
        self.fusion = _Fusion(headshot.fusion)

    def forward(self, views: Tensor, measures: Tensor | None = None) -> Tensor:
        parts = [self.own.backbone(views[:, place]) for place in range(views.shape[1])]
        own = self.own.judge(torch.stack(parts[: self.trained], 1))
        buffers: Any = self
        for place in self.places:
            parts.append(self.general(views[:, place] * buffers.scale + buffers.shift))
        logits: Tensor = self.fusion(own, torch.cat(parts, 1), measures)
        return logits


class _Fusion(nn.Module):
    """`Fusion.logits` in PyTorch.

    Nothing is added to a sum over an axis: OpenVINO 2026 adds the first element of a vector only.
    """

    def __init__(self, fusion: Fusion) -> None:
        super().__init__()
        for name, value in vars(fusion).items():
            self.register_buffer(name, torch.from_numpy(np.array(value)))

    def forward(self, own: Tensor, features: Tensor, measures: Tensor | None) -> Tensor:
        f: Any = self
        heads = (features - f.centre) @ f.weight.T + f.bias
        costs = f.base if measures is None else self._costs(measures) + f.base
        logits: Tensor = own * f.mix[:, 0] + heads * f.mix[:, 1] + costs * f.mix[:, 2] + f.offset
        return logits

    def _costs(self, measures: Tensor) -> Tensor:
        """What all measures add, (N, 6)."""
        f: Any = self
        width = (f.knots[:, 1:] - f.knots[:, :-1]).clamp(min=1e-12)
        known = ~torch.isnan(measures)
        filled = torch.where(known, measures, f.knots[:, 0])
        part = ((filled[..., None] - f.knots[:, :-1]) / width).clamp(0, 1)
        rise = torch.einsum("nmk,amk->nam", part, f.curves[..., 1:] - f.curves[..., :-1])
        costs = torch.where(known[:, None], f.curves[..., 0] + rise, torch.zeros(()))
        return (costs @ torch.ones(len(f.knots), 1)).squeeze(-1)
