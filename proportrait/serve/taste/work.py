"""What worker processes do with the pictures of an album: they alone decode them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proportrait.errors import ImageError
from proportrait.imaging import decode, encode_jpeg
from proportrait.serve.inside import check_inside
from proportrait.taste.features import matrix
from proportrait.taste.labels import Place

LARGE, SMALL = 1600, 360  # px of the longer side of a picture, and of one on a page of many
_QUALITY = 88
_NICE = 5  # less urgent than other work


@dataclass(frozen=True)
class Drawing:
    """A picture for the page as JPEG without metadata, with its content and its place."""

    jpeg: bytes
    digest: str
    place: Place


@dataclass(frozen=True)
class Row:
    """Features (D,) float16 of a picture, or why there are none."""

    digest: str
    place: Place | None
    values: npt.NDArray[np.float16] | None
    error: str = ""


def prepare() -> None:
    """Import what is needed, so that the first picture comes as fast as the next ones."""
    encode_jpeg(np.zeros((8, 8, 3), np.uint8))


def prepare_behind() -> None:
    """Leave the cores to what answers key presses."""
    if hasattr(os, "nice"):
        os.nice(_NICE)


def draw(folder: Path, path: Path, longest: int) -> Drawing:
    """A picture of a folder, reduced to `longest` px.

    Raises:
        ImageError: it cannot be read, or lies outside the folder.
    """
    data, place = read_inside(folder, path)
    digest = hashlib.sha256(data).hexdigest()
    return Drawing(encode_jpeg(decode(data, min_side=1, longest=longest), _QUALITY), digest, place)


def identify(folder: Path, path: Path) -> tuple[str, Place]:
    """The SHA-256 of a picture of a folder, and its place.

    Raises:
        ImageError: it cannot be read, or lies outside the folder.
    """
    data, place = read_inside(folder, path)
    return hashlib.sha256(data).hexdigest(), place


def features(folder: Path, paths: list[Path], sets: int) -> list[Row]:
    """Features of pictures of a folder, in their order; those that have none say why."""
    known: dict[Path, tuple[str, Place]] = {}
    errors: dict[Path, str] = {}
    for path in paths:
        try:
            known[path] = identify(folder, path)
        except ImageError as error:
            errors[path] = str(error)
    result = matrix(list(known), sets, workers=1)
    errors |= result.failures
    values = {
        path: np.asarray(row, np.float16)
        for path, row in zip(result.paths, result.values, strict=True)
    }
    rows = []
    for path in paths:
        digest, place = known.get(path, ("", None))
        rows.append(Row(digest, place, values.get(path), errors.get(path, "")))
    return rows


def read_inside(folder: Path, path: Path) -> tuple[bytes, Place]:
    """The bytes of a file, which lies in a folder also when links are followed.

    Raises:
        ImageError: it cannot be read, or lies outside the folder.
    """
    try:
        check_inside(folder, path)
        stat = path.stat()
        return path.read_bytes(), Place(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror or error}") from None
