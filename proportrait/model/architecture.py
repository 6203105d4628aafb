"""What a model is built from besides its weights."""

from __future__ import annotations

from dataclasses import dataclass

from proportrait.model.views import Preprocessing, View


@dataclass(frozen=True)
class Architecture:
    """All that a model is built from besides its weights; JSON-ready by `dataclasses.asdict`.

    Attributes:
        backbone: timm's name.
        preprocessing: of its pictures, with all views that it is served.
        trained: the views that the backbone and its own heads were trained with: the first ones of
            the preprocessing.
        general: the views that a network trained on ImageNet alone sees too: it knows clothes that
            no generated picture shows.
        measures: names of the measures that have a say, of `measures.NAMES`.
    """

    backbone: str
    preprocessing: Preprocessing
    trained: tuple[View, ...]
    general: tuple[View, ...] = ()
    measures: tuple[str, ...] = ()
