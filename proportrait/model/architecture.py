"""What a model is built from besides its weights."""

from __future__ import annotations

from dataclasses import dataclass

from proportrait.model.views import Preprocessing, View


@dataclass(frozen=True)
class Architecture:
    """All that a model is built from besides its weights; JSON-ready by `dataclasses.asdict`.

    Attributes:
        backbone: timm's name.
        preprocessing: of its pictures, with all views that it and the network for ImageNet see.
        trained: the views that the backbone and its own heads were trained with: the first ones of
            the preprocessing.
        measures: what is heard of the measures: names of `looks.look.INPUTS`.
    """

    backbone: str
    preprocessing: Preprocessing
    trained: tuple[View, ...]
    measures: tuple[str, ...] = ()
