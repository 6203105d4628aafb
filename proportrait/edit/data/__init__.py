"""Small data that ship with the editor.

style_mean.npy      mean style of 4,096 draws of default_rng(0)
directions.npz      python -m tools.fit_directions
traits.npz          python -m tools.fit_traits, from rated_*.csv
donors.npz          python -m tools.pack.donors
bystander_*.webp    python -m tools.pack.bystanders
place_*.webp        python -m tools.pack.panoramas, from what README.md names
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from proportrait.arrays import Float, Image

FOLDER = Path(__file__).parent  # where the tools write


@cache
def load_array(name: str) -> npt.NDArray[Any]:
    """The array stored as `{name}.npy` beside this file."""
    with as_file(files(__package__) / f"{name}.npy") as path:
        return np.asarray(np.load(path, allow_pickle=False))


@cache
def load_arrays(name: str) -> dict[str, npt.NDArray[Any]]:
    """The arrays stored as `{name}.npz` beside this file."""
    with as_file(files(__package__) / f"{name}.npz") as path, np.load(path) as arrays:
        return dict(arrays)


def load_rows(name: str) -> list[dict[str, str]]:
    """The rows of `{name}.csv` beside this file, by column name."""
    text = files(__package__).joinpath(f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def mean_style() -> Float:
    """The mean style (512,) of the built-in source."""
    return load_array("style_mean").reshape(-1)


def load_picture(name: str) -> Image:
    """The picture (h, w, 3) stored under its file name beside this file."""
    with as_file(files(__package__) / name) as path, PIL.Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@cache
def bystanders() -> tuple[Image, ...]:
    """People to place in a background, cut out: RGBA uint8 (h, w, 4) each."""
    images = []
    names = sorted(f.name for f in files(__package__).iterdir() if f.name.startswith("bystander_"))
    for name in names:
        with as_file(files(__package__) / name) as path, PIL.Image.open(path) as image:
            images.append(np.asarray(image.convert("RGBA")))
    return tuple(images)
