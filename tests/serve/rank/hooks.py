"""Photos that are described by their names, in a moment; workers import this by name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from proportrait.errors import AssessmentError, ImageError
from proportrait.imaging import encode_jpeg
from proportrait.labels import KEYS
from proportrait.rank.describe import FaceEntry, PhotoEntry
from proportrait.rank.indexing import Task
from proportrait.serve.inside import check_inside
from proportrait.serve.rank import draw, work
from tests.rank.samples import axis, face

DEADLY = "deadly.jpg"  # ends the worker
PEOPLE = {"anna": 0, "ben": 1, "cleo": 2}
_BOX = (0.3, 0.2, 0.7, 0.6)


def _face(name: str, away: float = 0.1, **values: object) -> FaceEntry:
    return face(axis(PEOPLE[name], away), **{"box": _BOX, **values})


# Name -> faces, marks that differ from 90, and the 64 bits of the perceptual hash. The shut eyes of
# one of Anna's and the poor light of another one change places when their weights do.
PHOTOS: dict[str, tuple[tuple[FaceEntry, ...], dict[str, int], int]] = {
    "anna_best.jpg": ((_face("anna"),), {}, 0),
    "anna_copy.jpg": ((_face("anna", 0.12),), {"sharpness": 60}, 0b11),
    "anna_shut.jpg": ((_face("anna", 0.15, eyes=10.0),), {}, 0xFFFF << 8),
    "anna_dark.jpg": ((_face("anna", 0.2),), {"lighting": 10}, 0xFFFF << 32),
    "anna_and_ben.jpg": (
        (_face("ben", box=(0.1, 0.2, 0.4, 0.6)),
         _face("anna", 0.3, height=300.0, box=(0.6, 0.2, 0.9, 0.6))), {}, 0xFFFF << 40),
    "ben_1.jpg": ((_face("ben", height=250.0),), {}, 0xFFFF << 16),
    "ben_2.jpg": ((_face("ben", 0.2, height=200.0),), {}, 0xFFFF << 24),
    "<b>cleo.jpg": ((_face("cleo", height=150.0),), {}, 0xF0F0F0F0),
    "cleo_2.jpg": ((_face("cleo", 0.2, height=120.0),), {}, 0x0F0F0F0F << 8),
    "cleo_turned.jpg": ((_face("cleo", 0.4, height=100.0),), {}, 0xFFFFFFFF << 16),
    "landscape.jpg": ((), {}, 0xFF << 48),
    "broken.jpg": ((), {}, 0),
}  # fmt: skip


def prepare(*_: object) -> None:
    """Load nothing."""


def describe(folder: Path, task: Task, path: Path) -> PhotoEntry:
    """As `work.describe`."""
    if path.name == DEADLY:
        os._exit(1)
    try:
        check_inside(folder, path)
    except ImageError as error:
        return PhotoEntry("", error=str(error))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if path.name == "broken.jpg":
        return PhotoEntry(digest, error="it is damaged")
    faces, marks, phash = PHOTOS[path.name]
    turns = 1 if path.name == "cleo_turned.jpg" else 0
    return PhotoEntry(digest, faces, dict.fromkeys(KEYS, 90) | marks, phash, turns=turns)


def tastes(
    folder: Path, file: Path, stamp: tuple[int, int], paths: Sequence[Path]
) -> list[float | str]:
    """As `work.tastes`: it likes shut eyes, and one photo of Ben is damaged."""
    answers = {"anna_shut.jpg": 0.9, "cleo_2.jpg": 0.9, "ben_2.jpg": "it is damaged"}
    return [answers.get(path.name, 0.2) for path in paths]


def references(data: bytes) -> list[work.Reference]:
    """As `work.references`: bytes behind the picture say who is in it."""
    words = data.rpartition(b"|")[2].decode("utf-8", "replace").split()
    names = [name for name in words if name in PEOPLE]
    if not names:
        raise AssessmentError("no face was found in it: take another photo")
    tile = draw.tile(np.full((100, 100, 3), 90, np.uint8), _BOX)
    return [work.Reference(axis(PEOPLE[name], 0.05), tile) for name in names]


def write_photos(folder: Path) -> None:
    """The photos of `PHOTOS`, none like another, 320 x 240 px."""
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(PHOTOS):
        picture = np.full((240, 320, 3), (20 * number, 255 - 20 * number, 120), np.uint8)
        picture[48:144, 96:224] = 220  # where the face is
        (folder / name).write_bytes(encode_jpeg(picture))
