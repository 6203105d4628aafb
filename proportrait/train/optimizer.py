"""What is trained, and how fast: adapters, parameter groups, AdamW, and the learning rate."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from proportrait.errors import ConfigurationError
from proportrait.model.network import HeadshotModel
from proportrait.train.settings import Settings

_HEADS = 10.0  # learning rate of what starts from nothing / of the backbone
_DECAY = 0.05  # of weights, not of biases and norms
_WARM = 0.1  # share of the steps in which the learning rate rises


def adapt(model: HeadshotModel, rank: int) -> None:
    """Put low-rank adapters (Hu et al., "LoRA", ICLR 2022) beside the backbone's layers, by peft.

    Raises:
        ConfigurationError: peft is not installed.
    """
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


def make_optimizer(model: HeadshotModel, settings: Settings) -> torch.optim.AdamW:
    """AdamW over backbone and heads, each with and without weight decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            place = name.startswith("backbone."), parameter.ndim > 1
            groups.setdefault(place, []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": settings.max_lr * (1.0 if of_backbone else _HEADS),
                "weight_decay": _DECAY if decays else 0.0,
            }
            for (of_backbone, decays), parameters in groups.items()
        ],
        betas=(0.9, 0.999),
    )


def make_schedule(optimizer: torch.optim.AdamW, settings: Settings, steps: int) -> Any:
    """OneCycleLR over all epochs of `steps` steps, up to the learning rate of each group."""
    total = max(2, steps * settings.epochs)
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [group["lr"] for group in optimizer.param_groups],
        total_steps=total,
        pct_start=max(_WARM, 1.5 / total),  # a rise of no step would divide by zero
        div_factor=settings.max_lr / settings.lr,
    )
