"""All that a training depends on besides its data."""

from __future__ import annotations

from dataclasses import dataclass

from proportrait.errors import ConfigurationError
from proportrait.model import backbone
from proportrait.model.devices import Precision
from proportrait.model.views import TRAINED, View

# (train, validation, test) shares of the sources. `published` repeats the split of the published
# figures, whose validation pictures also chose the best epoch; our figures are of `three`.
SPLITS: dict[str, tuple[float, float, float]] = {
    "three": (0.70, 0.15, 0.15),
    "published": (0.80, 0.20, 0.0),
}


@dataclass(frozen=True)
class Settings:
    """All that a training depends on besides its data; the defaults are the published ones.

    Attributes:
        backbone: a name of timm, of `backbone.ALIASES`, or "auto".
        pretrained: start from ImageNet weights; `download` may fetch them.
        size: px of a side of a view.
        views: what the backbone is trained with; it is served all views.
        measures: whether the measures have a say.
        batch_size, epochs: of the training; a batch is of one device.
        accumulate: batches of each device that make one step.
        lr, max_lr: OneCycleLR starts at the one and rises to the other.
        patience: epochs without a better validation loss, after which it ends.
        lora: rank of a LoRA adaptation of the backbone, 0 to train all of it.
        precision: bf16 where the device computes with it, or always, or never.
        compiled: let torch.compile compile the model.
        split, seed: of the data, and of everything that is drawn.
    """

    backbone: str = backbone.AUTO
    pretrained: bool = True
    download: bool = False
    size: int = 224
    views: tuple[View, ...] = TRAINED
    measures: bool = True
    batch_size: int = 32
    accumulate: int = 1
    epochs: int = 10
    lr: float = 5e-5
    max_lr: float = 1e-4
    patience: int = 3
    lora: int = 0
    precision: Precision = "auto"
    compiled: bool = False
    split: str = "three"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.lr > self.max_lr:
            raise ConfigurationError(
                f"the learning rate starts at lr {self.lr:g} and rises to max_lr {self.max_lr:g}: "
                f"give a max_lr of at least {self.lr:g}"
            )


# For some hundred pictures on a laptop's processor, in about two minutes.
SMALL = Settings(backbone=backbone.OFFLINE, size=160, epochs=10, lr=5e-5, max_lr=5e-4, patience=10)
