"""What a training keeps in its folder: the checkpoint and the history of its epochs.

The checkpoint is all that a run needs to end with the weights of one that was not interrupted.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from proportrait.disk import replace_file
from proportrait.errors import ConfigurationError
from proportrait.model.devices import by_main

CHECKPOINT, HISTORY = "checkpoint.pt", "history.csv"


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

    def end_epoch(self, row: dict[str, float], weights: Mapping[str, Tensor]) -> None:
        """Keep the row of an epoch, and its averaged weights if they are the best so far."""
        self.history.append(row)
        if row["validation_loss"] < self.best:
            self.best, self.waited = row["validation_loss"], 0
            self.best_weights = {name: weight.detach().clone() for name, weight in weights.items()}
        else:
            self.waited += 1
        self.epoch, self.step, self.loss = self.epoch + 1, 0, 0.0


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

    def load(self, accelerator: Any) -> Place:
        """The place of the checkpoint, with all parts as they were there; a new one without it.

        The main process alone reads it: other machines need not have the folder.
        """
        state = by_main(accelerator, self._read)
        if state is None:
            return Place()
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

    def _read(self) -> Any:
        if not self._path.exists():
            return None
        try:
            return torch.load(self._path, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, OSError, UnpicklingError) as error:
            raise ConfigurationError(
                f"{self._path} is damaged ({error}): delete it to begin anew"
            ) from error


class History:
    """The figures of each epoch: a table, a line of the terminal, and TensorBoard if asked for.

    Raises:
        ConfigurationError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, tensorboard: bool = False) -> None:
        self._path = folder / HISTORY
        self._board = _board(folder) if tensorboard else None

    def write(self, rows: Sequence[dict[str, float]]) -> None:
        """Write the table anew, and tell of its last row."""
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.6g}" for k, v in row.items()} for row in rows)
        replace_file(self._path, file.getvalue().encode())
        last = rows[-1]
        epoch = int(last["epoch"])
        if self._board:
            for name, value in last.items():
                self._board.add_scalar(name, value, epoch)
            self._board.flush()
        print(
            f"epoch {epoch:2d}  loss {last['train_loss']:.4f}  "
            f"validation {last['validation_loss']:.4f}  "
            f"accuracy {last['validation_accuracy']:.4f}  {last['seconds']:.0f} s",
            flush=True,
        )


def _board(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ConfigurationError(
            f"--tensorboard needs its package: pip install -e '.[tensorboard]'; without it there "
            f"is {HISTORY}"
        ) from None
    return SummaryWriter(str(folder / "tensorboard"))
