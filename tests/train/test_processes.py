"""Several processes, or batches that make one step together, end as one process does.

Two processes on the processor stand in for two GPUs: they talk by gloo instead of NCCL.
"""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from accelerate import PartialState, debug_launcher
from accelerate.state import AcceleratorState
from torch.multiprocessing import ProcessExitedException

from proportrait.model.backbone import choose
from proportrait.train import loop
from proportrait.train.batches import Batches, Shuffled
from proportrait.train.checkpoint import CHECKPOINT
from proportrait.train.data import TABLE, Pictures
from proportrait.train.loop import Trained, build, fit
from proportrait.train.settings import Settings
from tests.tiny_training import TRANSFORMER, no_boxes, preprocessing, write_folder

# Five of 21 pictures are left for the third step of eight.
SETTINGS = Settings(
    backbone=TRANSFORMER, pretrained=False, size=32, views=("whole",), batch_size=8, epochs=2,
    lr=3e-4, max_lr=3e-3, precision="fp32",
)  # fmt: skip
# float32 sums in another order, and AdamW's quotients: a step moves a weight by up to 3e-3.
CLOSE = {"rtol": 0.0, "atol": 2e-4}


class Logged(Batches):
    """Writes down which pictures each process has learnt in the first epoch."""

    log: Path

    def __getitem__(self, index: tuple[int, int]) -> Any:
        if index[0] == 0 and index[1] >= 0:
            with (self.log / f"{os.getpid()}.txt").open("a") as file:
                file.write(f"{index[1]}\n")
        return super().__getitem__(index)


class Killed(Batches):
    """One process dies as if by kill -9, in the second step of the second epoch."""

    def __getitem__(self, index: tuple[int, int]) -> Any:
        order = Shuffled(21, SETTINGS.seed)
        order.epoch = 1
        if index == list(order)[15]:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """With from one to six known bits, so that a mean of means would be another loss."""
    folder = write_folder(tmp_path_factory.mktemp("pictures") / "set", 30)
    head, *rows = (folder / TABLE).read_text().splitlines()
    rng = np.random.default_rng(4)
    for number, row in enumerate(rows):
        name, code, source = row.split(",")
        known = rng.permutation(6) <= number % 6
        bits = "".join(b if k else "?" for b, k in zip(code, known, strict=True))
        rows[number] = f"{name},{bits},{source}"
    (folder / TABLE).write_text("\n".join([head, *rows]))
    return Pictures.from_folder(folder)


def train(
    pictures: Pictures, folder: Path, settings: Settings = SETTINGS, kind: type[Batches] = Batches
) -> Trained:
    learnt, judged = (
        kind(part, no_boxes(len(part)), preprocessing(settings.views, settings.size), settings.seed)
        for part in (pictures[np.arange(21)], pictures[np.arange(21, 30)])
    )
    model = build(settings, choose(settings.backbone, pretrained=False))
    return fit(model, learnt, judged, settings, folder)


def in_one_of_two(pictures: Pictures, folder: Path, kind: type[Batches]) -> None:
    """What each of two processes does; the main one writes down how it ended."""
    cv2.setNumThreads(0)
    AcceleratorState._reset_state(reset_partial_state=True)  # that of the tests, which is forked
    if kind is Logged:
        Logged.log = folder
    if kind is Killed:
        loop._EVERY_S = 0.0  # a checkpoint after each step
    trained = train(pictures, folder, replace(SETTINGS, batch_size=4), kind)
    if PartialState().is_main_process:
        torch.save([trained.network.state_dict(), trained.history], folder / "end.pt")
    PartialState().destroy_process_group()


def in_two(pictures: Pictures, folder: Path, kind: type[Batches] = Batches) -> tuple[Any, Any]:
    if torch.get_num_threads() > 1:
        pytest.skip("OpenMP's threads do not live on in a fork: use -n, or OMP_NUM_THREADS=1")
    folder.mkdir(exist_ok=True)
    debug_launcher(in_one_of_two, (pictures, folder, kind), num_processes=2)
    state, history = torch.load(folder / "end.pt")
    return state, history


@pytest.fixture(scope="module")
def alone(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(pictures, tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def two(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Path]:
    folder = tmp_path_factory.mktemp("two")
    return *in_two(pictures, folder, Logged), folder


def assert_close(state: Any, history: Any, alone: Trained) -> None:
    expected = alone.network.state_dict()
    assert state.keys() == expected.keys()
    for name, weight in state.items():
        torch.testing.assert_close(weight, expected[name], **CLOSE)
    for row, other in zip(history, alone.history, strict=True):
        for name in ("train_loss", "validation_loss", "validation_accuracy", "lr"):
            assert row[name] == pytest.approx(other[name], abs=1e-5)


def test_two_processes_learn_what_one_learns(two: tuple[Any, Any, Path], alone: Trained) -> None:
    """The weights, the losses of training and validation, and the accuracy of nine pictures."""
    assert_close(*two[:2], alone)


def test_two_processes_share_the_pictures(two: tuple[Any, Any, Path]) -> None:
    parts = [list(map(int, log.read_text().split())) for log in two[2].glob("*.txt")]
    assert len(parts) == 2
    assert sorted(number for part in parts for number in part) == list(range(21))
    order = [number for _, number in Shuffled(21, SETTINGS.seed)]
    own = min(parts, key=lambda part: order.index(part[0]))  # of the main process
    assert own == order[0:4] + order[8:12] + order[16:20]


def test_one_process_alone_writes(two: tuple[Any, Any, Path]) -> None:
    names = {path.name for path in two[2].iterdir() if path.suffix != ".txt"}
    assert names == {"checkpoint.pt", "history.csv", "end.pt"}


def test_batches_that_make_a_step_together_are_one_batch(
    pictures: Pictures, alone: Trained, tmp_path: Path
) -> None:
    trained = train(pictures, tmp_path, replace(SETTINGS, batch_size=2, accumulate=4))
    assert_close(trained.network.state_dict(), trained.history, alone)


def test_a_killed_training_ends_as_an_unbroken_one(
    pictures: Pictures, alone: Trained, two: tuple[Any, Any, Path], tmp_path: Path
) -> None:
    """By two processes again, or by one: a step of eight pictures is the same however shared."""
    with pytest.raises(ProcessExitedException, match="SIGKILL"):
        in_two(pictures, tmp_path / "killed", Killed)
    place = torch.load(tmp_path / "killed" / CHECKPOINT, weights_only=True)["place"]
    assert (place["epoch"], place["step"]) in ((1, 0), (1, 1))
    shutil.copytree(tmp_path / "killed", tmp_path / "one")
    state, history = in_two(pictures, tmp_path / "killed")
    assert all(torch.equal(weight, two[0][name]) for name, weight in state.items())
    assert [row["train_loss"] for row in history] == [row["train_loss"] for row in two[1]]
    trained = train(pictures, tmp_path / "one")
    assert_close(trained.network.state_dict(), trained.history, alone)
