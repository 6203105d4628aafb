"""What a model is built from besides its weights."""

from __future__ import annotations

from dataclasses import dataclass

from proportrait.model.views import Preprocessing


@dataclass(frozen=True)
class Architecture:
    """All that a model is built from besides its weights; JSON-ready by `dataclasses.asdict`.

    Attributes:
        backbone: timm's name.
        preprocessing: of its pictures.
        measures: whether the scores of the measures are fused in.
    """

    backbone: str
    preprocessing: Preprocessing
    measures: bool = True
