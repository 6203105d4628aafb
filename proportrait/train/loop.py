"""The training loop.

    batches -> bf16 forward -> masked loss -> AdamW, OneCycleLR -> moving average of the weights
    -> validation after each epoch -> the best average is the model

Every step is a pure function of the settings, the data, and the step before it; a checkpoint holds
a step exactly, so that a run that was killed ends with the weights of one that was not. A step is
of `batch_size * accumulate` pictures of each process; how many processes share it makes no
difference but for rounding, nor for networks that mix the pictures of a batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from proportrait.arrays import Float
from proportrait.disk import disk_errors
from proportrait.errors import FatalError
from proportrait.looks.look import INPUTS
from proportrait.model import backbone
from proportrait.model.architecture import Architecture
from proportrait.model.compat import timm
from proportrait.model.devices import make_accelerator
from proportrait.model.network import HeadshotModel, masked_bce
from proportrait.model.views import GENERAL, GENERAL_SIZE, VIEWS, Preprocessing, View
from proportrait.train.batches import Batches, InOrder, Shuffled
from proportrait.train.checkpoint import Checkpoint, History
from proportrait.train.data import Pictures
from proportrait.train.optimizer import adapt, make_optimizer, make_schedule
from proportrait.train.settings import Settings
from proportrait.train.shards.pictures import row_groups

_EVERY_S = 300.0  # between two checkpoints within an epoch
_AVERAGE = 0.998
_LARGEST_GRADIENT = 5.0
_LARGEST_LOSS = 10.0  # of a validation, in nats a bit; a coin has ln 2 = 0.69
Batch = tuple[Tensor, Tensor, Tensor]  # of `Batches`: views, labels, known


@dataclass(frozen=True)
class Trained:
    """A network in evaluation mode, and the row of each epoch."""

    network: HeadshotModel
    history: list[dict[str, float]]


def build(settings: Settings, choice: backbone.Choice) -> HeadshotModel:
    """A fresh model; its heads are a pure function of the seed."""
    mean, std = backbone.normalisation(choice.name)
    general_size = min(GENERAL_SIZE, settings.size * 12 // 7)  # a small model costs little
    architecture = Architecture(
        choice.name,
        Preprocessing(settings.size, served(settings.views), mean, std, GENERAL, general_size),
        settings.views,
        INPUTS if settings.measures else (),
    )
    torch.manual_seed(settings.seed)
    network = backbone.create(choice, settings.size)
    return HeadshotModel(architecture, network, frozen=choice.weights != "none")


def served(trained: tuple[View, ...]) -> tuple[View, ...]:
    """All views, those that the backbone is trained with first."""
    return trained + tuple(view for view in VIEWS if view not in trained)


def fit(
    model: HeadshotModel,
    train: Batches,
    validation: Batches,
    settings: Settings,
    folder: Path,
    *,
    workers: int | None = None,
    tensorboard: bool = False,
    accelerator: Any = None,
) -> Trained:
    """Train, or go on with a training that was interrupted in `folder`.

    Args:
        model: as `build` makes it.
        folder: for the checkpoint and the history; made if needed.
        workers: processes that read pictures; default: none on a CPU, whose cores are busy anyway.
        tensorboard: write a TensorBoard log to `folder`/tensorboard too.

    Raises:
        ConfigurationError: the folder holds a training with other settings or pictures.
    """
    accelerator = accelerator or make_accelerator(settings.precision, settings.compiled)
    if workers is None:
        workers = 8 if accelerator.device.type == "cuda" else 0
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    loop = Loop(model, train, validation.pictures, settings, folder, accelerator, workers)
    history = History(folder, tensorboard) if accelerator.is_main_process else None
    at = loop.at
    while at.epoch < settings.epochs and at.waited < settings.patience:
        start = time.monotonic()
        loop.epoch()
        train_s = time.monotonic() - start
        logits = predict(loop.average, validation, settings.batch_size, accelerator, workers)
        row = {
            "epoch": at.epoch + 1.0,
            "train_loss": at.loss,
            "validation_loss": _loss(logits, validation.pictures),
            "validation_accuracy": _accuracy(logits, validation.pictures),
            "lr": loop.learning_rate,
            "train_seconds": round(train_s, 2),
            "seconds": round(time.monotonic() - start, 1),
        }
        at.end_epoch(row, loop.average.state_dict())
        if history:
            loop.save()
            history.write(at.history)
    return Trained(loop.best(), at.history)


class Loop:
    """A training under way: the model with its optimizer, and where in which epoch it is.

    Attributes:
        at: the place, as a checkpoint holds it.
        average: the moving average of the weights, which is judged and kept.
    """

    def __init__(
        self, model: HeadshotModel, train: Batches, validation: Pictures, settings: Settings,
        folder: Path, accelerator: Any, workers: int,
    ) -> None:  # fmt: skip
        device = accelerator.device
        self._settings, self._accelerator = settings, accelerator
        if settings.lora:
            adapt(model, settings.lora)
        model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._bare = model
        self._ema = timm().utils.ModelEmaV3(model, decay=_AVERAGE, use_warmup=True)
        self.average: HeadshotModel = self._ema.module

        parts = settings.accumulate * accelerator.num_processes  # of a step, a batch each
        self._a_step = settings.batch_size * parts  # pictures
        self._order = Shuffled(
            len(train), settings.seed, self._a_step if parts > 1 else 1, row_groups(train.pictures)
        )
        loader = DataLoader(
            train, settings.batch_size, sampler=self._order, num_workers=workers,
            pin_memory=device.type == "cuda",
        )  # fmt: skip
        self._steps = math.ceil(len(train) / self._a_step)  # an epoch
        optimizer = make_optimizer(model, settings)
        self._schedule = make_schedule(optimizer, settings, self._steps)
        self._model, self._optimizer, self._loader = accelerator.prepare(model, optimizer, loader)

        identity = asdict(settings) | {
            "pictures": train.pictures.fingerprint(),
            "validation": validation.fingerprint(),  # it chooses the best epoch
            "precision": accelerator.mixed_precision,
            "batch_size": self._a_step,  # others may share it: fewer GPUs, more batches each
        }
        del identity["accumulate"], identity["compiled"]
        self._checkpoint = Checkpoint(
            self._bare, self.average, self._optimizer, self._schedule, identity, folder
        )
        self.at = self._checkpoint.load(accelerator)
        self._total = 0.0  # of the losses of this epoch's steps
        self._whole = True  # no step is under way
        self._saved = time.monotonic()

    @property
    def learning_rate(self) -> float:
        """Of the first group of parameters, in the next step."""
        return float(self._schedule.get_last_lr()[0])

    def epoch(self) -> None:
        """Train for what is left of the epoch; after Ctrl-C it goes on at the same step."""
        at, main = self.at, self._accelerator.is_main_process
        self._model.train()
        self._order.epoch, self._order.start = at.epoch, at.step * self._a_step
        self._total = at.loss * at.step
        bar = tqdm(
            initial=at.step, total=self._steps, unit="batch", disable=not main, leave=False,
            desc=f"epoch {at.epoch + 1}/{self._settings.epochs}",
        )  # fmt: skip
        try:
            parts: list[Batch] = []
            for batch in self._loader:
                parts.append(batch)
                if len(parts) < self._settings.accumulate:
                    continue
                self._step(parts)
                parts = []
                bar.update()
                bar.set_postfix(loss=f"{at.loss:.3f}", refresh=False)
                if main and time.monotonic() - self._saved > _EVERY_S:
                    self.save()
        except KeyboardInterrupt:
            # Within a step the parts do not fit together: then the last checkpoint counts.
            if main and self._whole:
                self.save()
            raise
        finally:
            bar.close()

    def _step(self, batches: Sequence[Batch]) -> None:
        """A step on these batches, and on those of the other processes."""
        at, accelerator = self.at, self._accelerator
        seed = _mixed(self._settings.seed, at.epoch, at.step)
        mask = self._bare.dropout_mask(self._a_step, seed)
        dropout = torch.split(mask, self._settings.batch_size)  # one of each part of the step
        # A mean of the means of parts would give those with few known bits too much weight.
        count = accelerator.reduce(torch.stack([known.sum() for *_, known in batches]).sum())
        self._optimizer.zero_grad(set_to_none=True)
        losses = []
        for number, (views, labels, known) in enumerate(batches):
            part = number * accelerator.num_processes + accelerator.process_index
            torch.manual_seed(_mixed(self._settings.seed, at.epoch, at.step, part))  # of adapters
            own = dropout[part][: len(views)].to(views.device)
            is_last = number == len(batches) - 1  # only then do the processes exchange gradients
            with nullcontext() if is_last else accelerator.no_sync(self._model):
                with accelerator.autocast():
                    logits = self._model(_channels_last(views), own)
                loss = masked_bce(logits, labels, known, count)
                accelerator.backward(loss * accelerator.num_processes)  # whose mean is taken
            losses.append(loss.detach())
        accelerator.clip_grad_norm_(self._model.parameters(), _LARGEST_GRADIENT)
        value = float(accelerator.reduce(torch.stack(losses).sum()))  # waits for the device
        self._whole = False
        self._optimizer.step()
        self._schedule.step()
        self._ema.update(self._bare, step=at.epoch * self._steps + at.step)
        self._total += value
        at.step += 1
        at.loss = self._total / at.step
        self._whole = True

    def save(self) -> None:
        """Write the checkpoint."""
        self._checkpoint.save(self.at)
        self._saved = time.monotonic()

    def best(self) -> HeadshotModel:
        """The average after the best epoch, on the CPU, in evaluation mode.

        Raises:
            FatalError: no epoch had a validation loss that is a number and not too large.
        """
        if not self.at.best_weights or self.at.best > _LARGEST_LOSS:
            raise FatalError(
                f"the training has diverged: in no epoch was the validation loss under "
                f"{_LARGEST_LOSS:.0f} (a coin has 0.69): try a smaller --max_lr, or --precision "
                f"fp32, in another --output"
            )
        network = self.average
        network.load_state_dict(self.at.best_weights)
        if self._settings.lora:
            network.backbone = network.backbone.merge_and_unload()
        return network.float().cpu().eval()


def predict(
    model: HeadshotModel,
    batches: Batches,
    batch_size: int = 32,
    accelerator: Any = None,
    workers: int = 0,
) -> Float:
    """Logits (N, 6) float32 of all pictures, in their order, without variation.

    With an accelerator of several processes each of them judges a part, and all get the whole.
    """
    parted = accelerator is not None
    accelerator = accelerator or make_accelerator("fp32")
    home, device = next(model.parameters()).device, accelerator.device
    loader = DataLoader(batches, batch_size, sampler=InOrder(len(batches)), num_workers=workers)
    if parted:
        loader = accelerator.prepare(loader)
    model = model.to(device).eval()
    parts = []
    with torch.inference_mode():
        for views, _, _ in loader:
            with accelerator.autocast():
                logits = model(_channels_last(views.to(device))).float()
            parts.append((accelerator.gather_for_metrics(logits) if parted else logits).cpu())
    model.to(home)
    return torch.cat(parts).numpy() if parts else np.zeros((0, 6), np.float32)


def _channels_last(views: Tensor) -> Tensor:
    """(N, V, 3, s, s) with the channels last in memory, where convolutions are faster."""
    flat = views.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    return flat.view(views.shape)


def _loss(logits: Float, pictures: Pictures) -> float:
    labels, known = torch.from_numpy(pictures.labels), torch.from_numpy(pictures.known)
    return float(masked_bce(torch.from_numpy(logits), labels, known.float()))


def _accuracy(logits: Float, pictures: Pictures) -> float:
    """Share of all known bits that are right at a threshold of one half."""
    return float(((logits > 0) == (pictures.labels > 0.5))[pictures.known].mean())


def _mixed(*numbers: int) -> int:
    """One seed of several."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
