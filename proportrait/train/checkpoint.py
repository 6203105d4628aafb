"""The checkpoint of a training: all that a run needs to end with the weights of one that was not
interrupted."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from proportrait.disk import replace_file
from proportrait.errors import ConfigurationError

CHECKPOINT = "checkpoint.pt"


@dataclass
class Place:
    """Where a training stands: the next step of an epoch, and the best average so far."""

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    best: float = math.inf
    waited: int = 0
    best_weights: Mapping[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)


class Checkpoint:
    """The checkpoint of a training in its folder."""

    def __init__(
        self, model: nn.Module, average: nn.Module, optimizer: Any, schedule: Any,
        identity: dict[str, Any], folder: Path,
    ) -> None:  # fmt: skip
        self._parts = {
            "model": model, "average": average, "optimizer": optimizer, "schedule": schedule,
        }  # fmt: skip
        self._identity = json.dumps(identity, sort_keys=True)
        self._path = folder / CHECKPOINT

    def save(self, place: Place) -> None:
        """In one step: a reader sees the old checkpoint or the new one."""
        data = io.BytesIO()
        state = {name: part.state_dict() for name, part in self._parts.items()}
        torch.save(state | {"place": vars(place), "identity": self._identity}, data)
        replace_file(self._path, data.getvalue())

    def load(self, device: Any) -> Place:
        """The place of the checkpoint, with all parts as they were there; a new one without it."""
        if not self._path.exists():
            return Place()
        try:
            state = torch.load(self._path, map_location=device, weights_only=True)
        except (RuntimeError, EOFError, OSError, UnpicklingError) as error:
            raise ConfigurationError(
                f"{self._path} is damaged ({error}): delete it to begin anew"
            ) from error
        if state["identity"] != self._identity:
            raise ConfigurationError(
                f"{self._path.parent} holds a training with other pictures or other settings: give "
                f"them again to go on, or name another folder with --output"
            )
        try:
            for name, part in self._parts.items():
                part.load_state_dict(state[name])
        except (RuntimeError, KeyError) as error:
            raise ConfigurationError(
                f"{self._path} was written by another version: delete it to begin anew"
            ) from error
        return Place(**state["place"])
