"""The training loop.

    batch -> bf16 forward -> masked loss -> AdamW, OneCycleLR -> moving average of the weights
    -> validation after each epoch -> the best average is the model

Every step is a pure function of the settings, the data, and the step before it; a checkpoint holds
a step exactly, so that a run that was killed ends with the weights of one that was not.
"""

from __future__ import annotations

import csv
import io
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from proportrait.arrays import Float
from proportrait.disk import disk_errors, replace_file
from proportrait.errors import ConfigurationError, FatalError
from proportrait.model import backbone
from proportrait.model.compat import timm
from proportrait.model.network import Architecture, HeadshotModel, masked_bce
from proportrait.model.views import VIEWS, Preprocessing, View
from proportrait.train.batches import Batches, InOrder, Shuffled
from proportrait.train.checkpoint import Checkpoint
from proportrait.train.devices import Precision, make_accelerator

HISTORY = "history.csv"
_EVERY_S = 300.0  # between two checkpoints within an epoch
_HEADS = 10.0  # learning rate of what starts from nothing / of the backbone
_DECAY = 0.05  # of weights, not of biases and norms
_AVERAGE = 0.998
_WARM = 0.1  # share of the steps in which the learning rate rises
_LARGEST_GRADIENT = 5.0


@dataclass(frozen=True)
class Settings:
    """All that a training depends on besides its data; the defaults are the published ones.

    Attributes:
        backbone: a name of timm, of `backbone.ALIASES`, or "auto".
        pretrained: start from ImageNet weights; `download` may fetch them.
        size: px of a side of a view.
        views: what the backbone sees of a picture.
        measures: whether the measures have a say.
        batch_size, epochs: of the training; a batch is of one device.
        lr, max_lr: OneCycleLR starts at the one and rises to the other.
        patience: epochs without a better validation loss, after which it ends.
        lora: rank of a LoRA adaptation of the backbone, 0 to train all of it.
        precision: bf16 where the device computes with it, or always, or never.
        split, seed: of the data, and of everything that is drawn.
    """

    backbone: str = backbone.AUTO
    pretrained: bool = True
    download: bool = False
    size: int = 224
    views: tuple[View, ...] = VIEWS
    measures: bool = True
    batch_size: int = 32
    epochs: int = 10
    lr: float = 5e-5
    max_lr: float = 1e-4
    patience: int = 3
    lora: int = 0
    precision: Precision = "auto"
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


@dataclass(frozen=True)
class Trained:
    """A network in evaluation mode, and the row of each epoch."""

    network: HeadshotModel
    history: list[dict[str, float]]


def build(settings: Settings, choice: backbone.Choice) -> HeadshotModel:
    """A fresh model; its heads are a pure function of the seed."""
    mean, std = backbone.normalisation(choice.name)
    architecture = Architecture(
        choice.name, Preprocessing(settings.size, settings.views, mean, std), settings.measures
    )
    torch.manual_seed(settings.seed)
    network = backbone.create(choice, settings.size)
    return HeadshotModel(architecture, network, frozen=choice.weights != "none")


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
    accelerator = accelerator or make_accelerator(settings.precision)
    device = accelerator.device
    fast = device.type == "cuda"
    workers = (8 if fast else 0) if workers is None else workers
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)

    if settings.lora:
        _adapt(model, settings.lora)
    model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = timm().utils.ModelEmaV3(model, decay=_AVERAGE, use_warmup=True)
    optimizer = torch.optim.AdamW(_groups(model, settings), betas=(0.9, 0.999))

    order = Shuffled(len(train), settings.seed)
    loader = DataLoader(
        train, settings.batch_size, sampler=order, num_workers=workers, pin_memory=fast
    )
    a_step = settings.batch_size * accelerator.num_processes
    steps = math.ceil(len(train) / a_step)  # an epoch
    total_steps = max(2, steps * settings.epochs)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [group["lr"] for group in optimizer.param_groups],
        total_steps=total_steps,
        pct_start=max(_WARM, 1.5 / total_steps),  # a rise of no step would divide by zero
        div_factor=settings.max_lr / settings.lr,
    )
    bare = model
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)

    identity = asdict(settings) | {
        "pictures": train.pictures.fingerprint(),
        "precision": accelerator.mixed_precision,
        "processes": accelerator.num_processes,
    }
    state = Checkpoint(bare, average.module, optimizer, schedule, identity, folder)
    at = state.load(device)
    log = _tensorboard(folder) if tensorboard and accelerator.is_main_process else None
    saved = time.monotonic()
    for epoch in range(at.epoch, settings.epochs):
        if at.waited >= settings.patience:
            break
        began, total = time.monotonic(), at.loss * at.step
        model.train()
        order.epoch, order.start = epoch, at.step * a_step
        bar = tqdm(
            initial=at.step, total=steps, desc=f"epoch {epoch + 1}/{settings.epochs}",
            unit="batch", disable=not accelerator.is_main_process, leave=False,
        )  # fmt: skip
        whole = True
        try:
            for views, components, labels, known in loader:
                torch.manual_seed(_mixed(settings.seed, epoch, at.step))  # of dropout
                with accelerator.autocast():
                    logits = model(_channels_last(views), components)
                error = masked_bce(logits, labels, known)
                optimizer.zero_grad(set_to_none=True)
                accelerator.backward(error)
                accelerator.clip_grad_norm_(model.parameters(), _LARGEST_GRADIENT)
                each = float(error.detach())  # waits for the device
                whole = False
                optimizer.step()
                schedule.step()
                average.update(bare, step=epoch * steps + at.step)
                total += each
                at.step += 1
                at.loss = total / at.step
                whole = True
                bar.update()
                bar.set_postfix(loss=f"{at.loss:.3f}", refresh=False)
                if time.monotonic() - saved > _EVERY_S and accelerator.is_main_process:
                    state.save(at)
                    saved = time.monotonic()
        except KeyboardInterrupt:
            # Within a step the parts do not fit together: then the last checkpoint counts.
            if whole and accelerator.is_main_process:
                state.save(at)
            raise
        finally:
            bar.close()
        trained_s = time.monotonic() - began
        found = predict(average.module, validation, settings.batch_size, accelerator, workers)
        row = {
            "epoch": epoch + 1.0,
            "train_loss": at.loss,
            "validation_loss": float(
                masked_bce(
                    torch.from_numpy(found),
                    torch.from_numpy(validation.pictures.labels),
                    torch.from_numpy(validation.pictures.known).float(),
                )
            ),
            "validation_accuracy": _accuracy(found, validation),
            "lr": float(schedule.get_last_lr()[0]),
            "train_seconds": round(trained_s, 2),
            "seconds": round(time.monotonic() - began, 1),
        }
        at.history.append(row)
        if row["validation_loss"] < at.best:
            at.best, at.waited = row["validation_loss"], 0
            at.best_weights = {
                k: v.detach().clone() for k, v in average.module.state_dict().items()
            }
        else:
            at.waited += 1
        at.epoch, at.step, at.loss = epoch + 1, 0, 0.0
        if accelerator.is_main_process:
            state.save(at)
            _write_history(folder / HISTORY, at.history)
            if log:
                for name, value in row.items():
                    log.add_scalar(name, value, epoch + 1)
                log.flush()
            print(
                f"epoch {epoch + 1:2d}  loss {row['train_loss']:.4f}  "
                f"validation {row['validation_loss']:.4f}  "
                f"accuracy {row['validation_accuracy']:.4f}  {row['seconds']:.0f} s",
                flush=True,
            )
    network = average.module
    if not at.best_weights:
        raise FatalError(
            "the loss of the validation pictures was no number in any epoch: try a smaller "
            "--max_lr, or --precision fp32"
        )
    network.load_state_dict(at.best_weights)
    if settings.lora:
        network.backbone = network.backbone.merge_and_unload()
    return Trained(network.float().cpu().eval(), at.history)


def predict(
    model: HeadshotModel,
    batches: Batches,
    batch_size: int = 32,
    accelerator: Any = None,
    workers: int = 0,
    progress: bool = False,
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
    found = []
    with torch.inference_mode():
        for views, components, _, _ in tqdm(
            loader, desc="judging", leave=False, disable=not progress
        ):
            with accelerator.autocast():
                logits = model(_channels_last(views.to(device)), components.to(device)).float()
            found.append((accelerator.gather_for_metrics(logits) if parted else logits).cpu())
    model.to(home)
    return torch.cat(found).numpy() if found else np.zeros((0, 6), np.float32)


def _channels_last(views: Tensor) -> Tensor:
    """(N, V, 3, s, s) with the channels last in memory, where convolutions are faster."""
    flat = views.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    return flat.view(views.shape)


def _groups(model: HeadshotModel, settings: Settings) -> list[dict[str, Any]]:
    """Backbone and heads, each with and without weight decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            place = name.startswith("backbone."), parameter.ndim > 1
            groups.setdefault(place, []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": settings.max_lr * (1.0 if of_backbone else _HEADS),
            "weight_decay": _DECAY if decays else 0.0,
        }
        for (of_backbone, decays), parameters in groups.items()
    ]


def _adapt(model: HeadshotModel, rank: int) -> None:
    """Low-rank adapters (Hu et al., "LoRA", ICLR 2022) beside the backbone's layers, by peft."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        raise ConfigurationError("--lora needs its package: pip install -e '.[lora]'") from None
    modules = dict(model.backbone.named_modules())
    layers = [name for name, module in modules.items() if isinstance(module, nn.Linear)]
    if not layers:  # a convolutional network
        layers = [
            name
            for name, module in modules.items()
            if isinstance(module, nn.Conv2d) and module.groups == 1
        ]
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=layers, lora_dropout=0.05)
    features = model.backbone.num_features
    model.backbone = get_peft_model(model.backbone, config)
    model.backbone.num_features = features


def _accuracy(logits: Float, batches: Batches) -> float:
    """Share of all known bits that are right at a threshold of one half."""
    known = batches.pictures.known
    return float(((logits > 0) == (batches.pictures.labels > 0.5))[known].mean())


def _mixed(*numbers: int) -> int:
    """One seed of several."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _write_history(path: Path, history: list[dict[str, float]]) -> None:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" for k, v in row.items()} for row in history)
    replace_file(path, file.getvalue().encode())


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ConfigurationError(
            f"--tensorboard needs its package: pip install -e '.[tensorboard]'; without it there "
            f"is {HISTORY}"
        ) from None
    return SummaryWriter(str(folder / "tensorboard"))
