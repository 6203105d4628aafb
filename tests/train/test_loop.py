"""The training loop: it learns, and ends with the same weights however often it was interrupted."""

from __future__ import annotations

import csv
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from proportrait.errors import ConfigurationError, FatalError
from proportrait.imaging import read
from proportrait.model.backbone import choose
from proportrait.model.network import HeadshotModel
from proportrait.model.saved import load, save
from proportrait.store import RecordStore
from proportrait.store.export import export
from proportrait.train import loop
from proportrait.train.batches import Batches, InOrder, Shuffled
from proportrait.train.checkpoint import CHECKPOINT, HISTORY
from proportrait.train.data import Pictures
from proportrait.train.loop import Trained, build, fit, predict
from proportrait.train.run import MODEL
from proportrait.train.settings import Settings
from tests.store_samples import commit_all
from tests.tiny_training import (
    CONVOLUTIONAL,
    SIZE,
    TRANSFORMER,
    batches,
    headshot,
    no_boxes,
    preprocessing,
    write_folder,
)

SETTINGS = Settings(
    backbone=CONVOLUTIONAL, pretrained=False, size=SIZE, batch_size=5, epochs=3,
    lr=3e-4, max_lr=3e-3, precision="fp32",
)  # fmt: skip
Item = tuple[Tensor, Tensor, Tensor]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return Pictures.from_folder(write_folder(tmp_path_factory.mktemp("pictures") / "set"))


def fresh(settings: Settings) -> HeadshotModel:
    return build(settings, choose(settings.backbone, pretrained=False))


def trained(
    pictures: Pictures, folder: Path, settings: Settings = SETTINGS, kind: type[Batches] = Batches,
    judged: Batches | None = None,
) -> Trained:  # fmt: skip
    """Two thirds are learnt from."""
    count = 2 * len(pictures) // 3
    return fit(
        fresh(settings),
        batches(pictures[np.arange(count)], settings.seed, kind),
        judged or batches(pictures[np.arange(count, len(pictures))]),
        settings,
        folder,
    )


def same(one: Trained, other: Trained) -> bool:
    states = [found.network.state_dict() for found in (one, other)]
    assert states[0].keys() == states[1].keys()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.fixture(scope="module")
def whole(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    """A training that nothing interrupted: four steps an epoch, the last of one picture."""
    folder = tmp_path_factory.mktemp("whole")
    return trained(pictures, folder), folder


# --- items and their order


def test_an_item_is_a_function_of_seed_epoch_and_number(pictures: Pictures) -> None:
    one, other = batches(pictures, 5), batches(pictures, 5)
    assert torch.equal(one[2, 7][0], other[2, 7][0])
    assert not torch.equal(one[2, 7][0], one[3, 7][0])
    assert not torch.equal(one[2, 7][0], batches(pictures, 6)[2, 7][0])
    views, labels, known = one[-1, 7]
    assert views.shape == (2, 3, SIZE, SIZE)
    plain = one.preprocessing(read(str(pictures.paths[7])), None)[0]
    assert np.array_equal(views.numpy(), one.preprocessing.normalise(plain))
    assert torch.equal(one[-1, 7][0], batches(pictures, 6)[-1, 7][0])
    assert labels.tolist() == pictures.labels[7].tolist()
    assert known.tolist() == [1] * 6


def test_the_view_of_the_face_follows_its_box(pictures: Pictures) -> None:
    boxes = no_boxes(len(pictures))
    boxes[0] = 0.1, 0.1, 0.4, 0.4
    views = Batches(pictures, boxes, preprocessing())[-1, 0][0]
    default = batches(pictures)[-1, 0][0]
    assert torch.equal(views[0], default[0])
    assert not torch.equal(views[1], default[1])


def test_an_order_goes_on_in_the_middle() -> None:
    order = Shuffled(10, 1)
    order.epoch = 2
    all_ = list(order)
    assert sorted(all_) == [(2, number) for number in range(10)]
    order.start = 6
    assert list(order) == all_[6:]
    assert len(order) == 4
    order.start, order.epoch = 0, 3
    assert [n for _, n in order] != [n for _, n in all_]
    assert list(InOrder(3)) == [(-1, 0), (-1, 1), (-1, 2)]


def test_batches_travel_to_a_process_that_is_started_afresh(pictures: Pictures) -> None:
    """As readers are on macOS, and by default from Python 3.14 on."""
    sent = batches(pictures)
    received = pickle.loads(pickle.dumps(sent))
    for index in ((-1, 0), (3, 1)):
        assert all(map(torch.equal, received[index], sent[index]))


# --- learning


def test_what_shows_in_the_pictures_is_learnt(pictures: Pictures, tmp_path: Path) -> None:
    found = trained(pictures, tmp_path, replace(SETTINGS, epochs=12))
    losses = [row["train_loss"] for row in found.history]
    assert losses[-1] < 0.7 * losses[0]
    assert found.history[-1]["validation_loss"] < 0.7 * found.history[0]["validation_loss"]
    assert found.history[-1]["validation_accuracy"] > 0.7


def judged_again(found: Trained, judged: Batches) -> float:
    """The validation loss of the network that came back."""
    logits, labels = predict(found.network, judged), judged.pictures.labels
    each = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.from_numpy(logits), torch.from_numpy(labels)
    )
    return float(each)


def test_a_training_tells_of_every_epoch(whole: tuple[Trained, Path], pictures: Pictures) -> None:
    found, folder = whole
    best = min(row["validation_loss"] for row in found.history)
    assert judged_again(found, batches(pictures[np.arange(16, 24)])) == pytest.approx(best)
    assert not found.network.training
    with (folder / HISTORY).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    for row, told in zip(rows, found.history, strict=True):
        assert {k: float(v) for k, v in row.items()} == pytest.approx(told, rel=1e-4)


def test_a_seed_gives_its_weights(
    whole: tuple[Trained, Path], pictures: Pictures, tmp_path: Path
) -> None:
    assert same(trained(pictures, tmp_path / "again"), whole[0])
    other = trained(pictures, tmp_path / "other", replace(SETTINGS, seed=1))
    assert not same(other, whole[0])


@pytest.mark.parametrize(("count", "epochs"), [(6, 10), (15, 5), (15, 1)])
def test_any_number_of_steps_will_do(
    pictures: Pictures, tmp_path: Path, count: int, epochs: int
) -> None:
    settings = replace(SETTINGS, epochs=epochs, patience=99)
    found = trained(pictures[np.arange(count)], tmp_path, settings)
    assert [row["epoch"] for row in found.history] == list(range(1, epochs + 1))


def test_it_ends_when_nothing_gets_better(pictures: Pictures, tmp_path: Path) -> None:
    judged = batches(pictures[np.arange(16)])
    judged.pictures.labels[:] = 1 - judged.pictures.labels  # the more it learns, the worse
    settings = replace(SETTINGS, epochs=20, patience=3)
    found = trained(pictures, tmp_path, settings, judged=judged)
    losses = [row["validation_loss"] for row in found.history]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3 < 20
    # The network is that of the best epoch, not of the last one.
    assert judged_again(found, judged) == pytest.approx(losses[best])
    assert losses[-1] > 1.01 * losses[best]


@pytest.mark.parametrize("rate", [1e8, 1e30], ids=["huge", "no number"])
def test_a_training_that_diverges_is_an_error(
    pictures: Pictures, tmp_path: Path, rate: float
) -> None:
    with pytest.raises(FatalError, match=r"the training has diverged: .* smaller --max_lr"):
        trained(pictures, tmp_path, replace(SETTINGS, lr=rate, max_lr=rate, epochs=1))


# --- interruptions


def stops(error: type[BaseException], epoch: int, number: int) -> type[Batches]:
    """Batches of which one item raises, once."""
    waiting = [None]

    class Stopping(Batches):
        def __getitem__(self, index: tuple[int, int]) -> Item:
            if index == (epoch, number) and waiting:
                waiting.pop()
                raise error
            return super().__getitem__(index)

    return Stopping


def test_an_interrupted_training_ends_with_the_same_weights(
    whole: tuple[Trained, Path], pictures: Pictures, tmp_path: Path
) -> None:
    order = Shuffled(16, SETTINGS.seed)
    order.epoch = 1
    _, last = list(order)[15]  # a batch is read ahead: it is missed in the third step
    with pytest.raises(KeyboardInterrupt):
        trained(pictures, tmp_path, kind=stops(KeyboardInterrupt, 1, last))
    place = torch.load(tmp_path / CHECKPOINT, weights_only=True)["place"]
    assert (place["epoch"], place["step"]) == (1, 2)
    found = trained(pictures, tmp_path)
    assert same(found, whole[0])
    losses = [[row["validation_loss"] for row in one.history] for one in (found, whole[0])]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("part", ["optimizer", "schedule", "average"])
def test_an_interruption_within_a_step_changes_nothing(
    whole: tuple[Trained, Path], pictures: Pictures, tmp_path: Path, part: str
) -> None:
    owner, name = {
        "optimizer": (torch.optim.AdamW, "step"),
        "schedule": (torch.optim.lr_scheduler.OneCycleLR, "step"),
        "average": (loop.timm().utils.ModelEmaV3, "update"),
    }[part]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, raising_after(getattr(owner, name), 5))
        with pytest.raises(KeyboardInterrupt):
            trained(pictures, tmp_path)
    assert same(trained(pictures, tmp_path), whole[0])


def raising_after(work: Callable[..., object], calls: int) -> Callable[..., object]:
    """Does its work, but Ctrl-C comes at the end of one call."""
    left = calls

    def wrapped(*arguments: object, **options: object) -> object:
        nonlocal left
        result = work(*arguments, **options)
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        return result

    return wrapped


@pytest.mark.parametrize("where", ["learning", "judging"])
def test_a_killed_training_goes_on_from_its_last_checkpoint(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """With a checkpoint after every step."""
    fewer = pictures[np.arange(18)]
    expected = trained(fewer, tmp_path / "whole")
    monkeypatch.setattr(loop, "_EVERY_S", 0.0)
    folder = tmp_path / "killed"
    if where == "learning":
        order = Shuffled(12, SETTINGS.seed)
        order.epoch = 1
        kind, judged = stops(RuntimeError, 1, list(order)[9][1]), None
    else:
        kind, judged = Batches, batches(fewer[np.arange(12, 18)], 0, stops(RuntimeError, -1, 5))
    with pytest.raises(RuntimeError):
        trained(fewer, folder, kind=kind, judged=judged)
    assert same(trained(fewer, folder), expected)


def test_a_finished_training_is_not_done_again(
    whole: tuple[Trained, Path], pictures: Pictures
) -> None:
    class Untouched(Batches):
        def __getitem__(self, index: tuple[int, int]) -> Item:
            raise AssertionError

    found = trained(pictures, whole[1], kind=Untouched)
    assert same(found, whole[0])
    assert found.history == whole[0].history


@pytest.mark.parametrize(
    "change", [{"max_lr": 0.5}, {"seed": 1}, {"epochs": 4}, {"views": ("face",)}]
)
def test_other_settings_in_the_same_folder_are_refused(
    whole: tuple[Trained, Path], pictures: Pictures, change: dict[str, object]
) -> None:
    with pytest.raises(ConfigurationError, match=r"other settings: give them again .* --output"):
        trained(pictures, whole[1], replace(SETTINGS, **change))


@pytest.mark.parametrize("number", [3, 23], ids=["training", "validation"])
def test_other_pictures_in_the_same_folder_are_refused(
    whole: tuple[Trained, Path], pictures: Pictures, number: int
) -> None:
    changed = pictures[np.arange(24)]
    changed.labels[number, 3] = 1 - changed.labels[number, 3]
    with pytest.raises(ConfigurationError, match="other pictures"):
        trained(changed, whole[1])


# --- precision and adapters


def test_a_training_in_bf16_can_be_judged_and_followed_by_another(
    pictures: Pictures, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, epochs=1, precision="bf16")
    found = trained(pictures, tmp_path / "bf16", settings)
    assert {p.dtype for p in found.network.parameters()} == {torch.float32}
    state = torch.load(tmp_path / "bf16" / CHECKPOINT, weights_only=True)
    moments = [value for row in state["optimizer"]["state"].values() for value in row.values()]
    weights = [*state["model"].values(), *state["average"].values()]
    assert torch.bfloat16 not in {value.dtype for value in [*weights, *moments]}
    views, _, _ = next(iter(torch.utils.data.DataLoader(
        batches(pictures[np.arange(4)]), 4, sampler=InOrder(4)
    )))  # fmt: skip
    with torch.inference_mode():
        expected = found.network(views)
    logits = predict(found.network, batches(pictures[np.arange(4)]))
    assert logits == pytest.approx(expected.numpy(), abs=1e-5)  # in full precision
    trained(pictures, tmp_path / "fp32", replace(settings, precision="fp32"))


@pytest.mark.slow
def test_a_compiled_training_ends_as_another(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By dynamo alone: inductor's compiler takes a minute."""
    compiled = torch.compile
    backends = []

    def quick(model: torch.nn.Module, **options: object) -> object:
        backends.append(options["backend"])
        return compiled(model, backend="eager", dynamic=True)

    monkeypatch.setattr(torch, "compile", quick)
    settings = replace(SETTINGS, backbone=TRANSFORMER, epochs=1)
    expected = trained(pictures, tmp_path / "plain", settings).network.state_dict()
    found = trained(pictures, tmp_path / "compiled", replace(settings, compiled=True))
    assert backends == ["inductor"]
    for name, weight in found.network.state_dict().items():
        torch.testing.assert_close(weight, expected[name], rtol=0, atol=2e-4)
    # The names and the settings are those of a training that is not compiled: it goes on.
    state = torch.load(tmp_path / "compiled" / CHECKPOINT, weights_only=True)
    assert state["model"].keys() == expected.keys()
    assert same(trained(pictures, tmp_path / "compiled", settings), found)


def test_lora_trains_adapters_and_heads_only(pictures: Pictures, tmp_path: Path) -> None:
    settings = replace(SETTINGS, backbone=TRANSFORMER, lora=2, epochs=1)
    before = {k: v.clone() for k, v in fresh(settings).state_dict().items()}
    model = fresh(settings)
    found = fit(model, batches(pictures), batches(pictures), settings, tmp_path)
    learnt = {name for name, p in model.named_parameters() if p.requires_grad}
    heads = {"heads.weight", "heads.bias"}
    assert heads < learnt
    assert all("lora_" in name for name in learnt - heads)
    after = found.network.state_dict()
    assert after.keys() == before.keys()
    moved = {name for name in after if not torch.equal(after[name], before[name])}
    layers = fresh(settings).backbone.named_modules()
    adapted = {f"backbone.{n}.weight" for n, m in layers if isinstance(m, torch.nn.Linear)}
    assert moved >= adapted
    assert moved - adapted <= heads
    changes = [(after[name] - before[name]).double() for name in adapted]
    ranks = [int(torch.linalg.matrix_rank(change, rtol=1e-3)) for change in changes]
    assert max(ranks) == 2


def test_a_convolutional_backbone_is_adapted_too(pictures: Pictures, tmp_path: Path) -> None:
    settings = replace(SETTINGS, lora=2, epochs=1)
    found = trained(pictures, tmp_path, settings)
    assert found.network.state_dict().keys() == fresh(settings).state_dict().keys()
    assert predict(found.network, batches(pictures)).shape == (len(pictures), 6)


@pytest.mark.slow
def test_several_processes_make_one_model_of_shards(tmp_path: Path) -> None:
    """Those of `accelerate launch`; test_processes.py kills those that torchrun would start."""
    commit_all(tmp_path / "data", 20, threads=1)
    shards = export(RecordStore(tmp_path / "data"), "parquet")
    model = tmp_path / "model"
    save(headshot(), tmp_path / "other.safetensors")
    command = [
        "-m", "proportrait", "train", str(shards), "--backbone", TRANSFORMER, "--no-pretrained",
        "--size", "32", "--views", "whole", "--no_measures", "--epochs", "2", "--batch_size", "4",
        "-o", str(model), "--compare", str(tmp_path / "other.safetensors"),
    ]  # fmt: skip
    # On a GPU machine the command needs nothing else.
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    accelerate = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    done = subprocess.run(
        [sys.executable, "-m", *accelerate, *command], env=environment, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert sum(line.startswith("pictures ") for line in lines) == 1
    assert sum(line.startswith("exact match") for line in lines) == 2  # this model's, and the other
    with (model / HISTORY).open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2
    state = torch.load(model / CHECKPOINT, weights_only=True)
    assert json.loads(state["identity"])["batch_size"] == 8
    about = load(model / MODEL).about
    assert (about["data"]["pictures"], about["data"]["train"], about["data"]["test"]) == (40, 28, 6)


def test_a_start_above_the_highest_learning_rate_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"a max_lr of at least 0\.001"):
        Settings(lr=1e-3)


def test_a_checkpoint_of_another_network_is_told(pictures: Pictures, tmp_path: Path) -> None:
    settings = replace(SETTINGS, epochs=1)
    trained(pictures, tmp_path, settings)
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    del state["model"]["heads.bias"]
    torch.save(state, tmp_path / CHECKPOINT)
    with pytest.raises(ConfigurationError, match="written by another version: delete it"):
        trained(pictures, tmp_path, settings)
