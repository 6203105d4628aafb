"""Training against the bare backbone: whether reading and varying pictures hold it back."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from benchmarks.speed.ratio import Ratio
from proportrait import imaging
from proportrait.labels import KEYS
from tests import FACE

BAR = 0.85
BACKBONE = "efficientnet_lite0"


def measure(folder: Path, *, batches: int = 8, batch_size: int = 32) -> list[Ratio]:
    """Pictures a second of the training loop / of forward and backward of the backbone alone.

    The loop reads JPEG files, varies them, steps, and averages. The bare backbone sees views of the
    same shape that lie in memory, in the same precision, before the loop and after it. The loop's
    first epoch is not counted.
    """
    import torch

    from proportrait.model import backbone
    from proportrait.model.devices import make_accelerator
    from proportrait.train.batches import Batches, Looks
    from proportrait.train.data import Pictures
    from proportrait.train.loop import build, fit
    from proportrait.train.settings import Settings

    (folder / "images").mkdir(parents=True)
    count = batches * batch_size
    picture = imaging.encode_jpeg(imaging.resize(imaging.read(FACE), (512, 512)))
    for number in range(count):
        (folder / "images" / f"{number:04d}.jpg").write_bytes(picture)
    rows = "".join(f"{number:04d}.jpg,{number % 2}10101\n" for number in range(count))
    (folder / "labels.csv").write_text("file,labels\n" + rows, encoding="utf-8")
    pictures = Pictures.from_folder(folder)
    looks = Looks(
        np.tile(np.array([0.3, 0.2, 0.7, 0.7], np.float32), (count, 1)),
        np.full((count, len(KEYS)), 50, np.float32),
        np.zeros(count, np.int64),
    )
    settings = Settings(backbone=BACKBONE, batch_size=batch_size, epochs=2)
    choice = backbone.choose(settings.backbone)
    accelerator = make_accelerator(settings.precision)
    model = build(settings, choice)
    prepare = model.architecture.preprocessing
    device = accelerator.device
    views = torch.randn(batch_size * len(prepare.views), 3, prepare.size, prepare.size)
    views = views.to(device, memory_format=torch.channels_last)
    bare = build(settings, choice).backbone.to(device, memory_format=torch.channels_last)
    for module in bare.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()

    def alone(steps: int) -> float:
        began = time.perf_counter()
        for _ in range(steps):
            with accelerator.autocast():
                found = bare(views).float().square().mean()
            accelerator.backward(found)
            bare.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began

    alone(1)
    before = alone(batches // 2)
    few = np.arange(batch_size)
    trained = fit(
        model, Batches(pictures, looks, prepare), Batches(pictures[few], looks[few], prepare),
        settings, folder / "run", accelerator=accelerator,
    )  # fmt: skip
    bare_s = before + alone(batches - batches // 2)
    loop_s = trained.history[-1]["train_seconds"]
    figures = {
        "loop_pictures_a_second": count / loop_s,
        "bare_pictures_a_second": count / bare_s,
        "views_a_picture": len(prepare.views),
        "precision": accelerator.mixed_precision,
        "device": str(device),
    }
    over = "pictures a second of the loop / of the backbone's forward and backward"
    return [Ratio("training: rate", over, bare_s / loop_s, BAR, figures=figures)]
