"""A whole model as one PyTorch module, for export: what `Headshot.logits` computes in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from proportrait.arrays import Float
from proportrait.looks.features import MEAN, STD
from proportrait.looks.look import Look
from proportrait.model.backbone import OFFLINE, Choice, create
from proportrait.model.fusion import Fusion
from proportrait.model.saved import Headshot
from proportrait.model.views import normalise


def inputs(headshot: Headshot, looks: Sequence[Look]) -> dict[str, Float]:
    """What the module takes, by name, in its order, float32; of looks that hold `wants`.

    `views` (N, V, 3, size, size) and, of a model with a network for ImageNet, `general`
    (N, G, 3, general_size, general_size), each normalised as its network needs it; of a model with
    measures, `measures` (N, M), NaN where one could not be taken.
    """
    prepare, names = headshot.preprocessing, headshot.architecture.measures
    pictures = [look.views for look in looks if look.views is not None]
    result = {"views": np.stack([prepare.normalise(views) for views, _ in pictures])}
    if prepare.general:
        result["general"] = np.stack([normalise(general, MEAN, STD) for _, general in pictures])
    if names:
        result["measures"] = np.stack([look.measure_array(names) for look in looks])
    return result


def served(headshot: Headshot) -> nn.Module:
    """The module of `inputs` -> logits (N, 6), in evaluation mode."""
    return _Served(headshot).eval()


class _Served(nn.Module):
    def __init__(self, headshot: Headshot) -> None:
        super().__init__()
        architecture = headshot.architecture
        prepare = architecture.preprocessing
        self.own, self.trained = headshot.network, len(architecture.trained)
        self.general: Any = None
        if prepare.general:
            self.general = create(Choice(OFFLINE, "package", ""), prepare.general_size)
        self.fusion = _Fusion(headshot.fusion)

    def forward(self, views: Tensor, *others: Tensor) -> Tensor:
        parts = [self.own.backbone(views[:, place]) for place in range(views.shape[1])]
        own = self.own.judge(torch.stack(parts[: self.trained], 1))
        if self.general is not None:
            general, others = others[0], others[1:]
            parts += [self.general(general[:, place]) for place in range(general.shape[1])]
        logits: Tensor = self.fusion(own, torch.cat(parts, 1), *others)
        return logits


class _Fusion(nn.Module):
    """`Fusion.logits` in PyTorch.

    Nothing is added to a sum over an axis: OpenVINO 2026 adds the first element of a vector only.
    """

    def __init__(self, fusion: Fusion) -> None:
        super().__init__()
        for name, value in vars(fusion).items():
            self.register_buffer(name, torch.from_numpy(np.array(value)))

    def forward(self, own: Tensor, features: Tensor, measures: Tensor | None = None) -> Tensor:
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
