"""Small data that ship with the editor.

style_mean.npy      mean style of 4,096 draws of default_rng(0)
directions.npz      python -m proportrait.edit.fit_directions
choice.npy          python -m proportrait.edit.fit_choice, from rated_faces.csv
bystander_*.webp    python -m proportrait.edit.draw_bystanders
place_*.webp        python -m proportrait.edit.pack_places, from what README.md names
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image


def load_array(name: str) -> npt.NDArray[Any]:
    """The array stored as `{name}.npy` beside this file."""
    with as_file(files(__package__) / f"{name}.npy") as path:
        return np.asarray(np.load(path, allow_pickle=False))


def load_picture(name: str) -> npt.NDArray[np.uint8]:
    """The picture (h, w, 3) stored under its file name beside this file."""
    with as_file(files(__package__) / name) as path, Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@cache
def bystanders() -> tuple[npt.NDArray[np.uint8], ...]:
    """People cut out to stand behind somebody, RGBA uint8 (h, w, 4) each."""
    found = []
    names = sorted(f.name for f in files(__package__).iterdir() if f.name.startswith("bystander_"))
    for name in names:
        with as_file(files(__package__) / name) as path, Image.open(path) as image:
            found.append(np.asarray(image.convert("RGBA")))
    return tuple(found)
