"""Pictures for the page, which worker processes draw: they alone decode photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from proportrait.arrays import Image
from proportrait.errors import ImageError
from proportrait.imaging import decode, encode_jpeg, resize
from proportrait.serve.inside import check_inside

LARGE, SMALL, TILE = 1600, 480, 176  # px of the longer side; of a square with a face
Box = tuple[float, float, float, float]
_QUALITY = 85
_MARGIN = 0.45  # around a face, in shares of its longer side


def prepare() -> None:
    """Import what is needed, so that the first picture comes as fast as the next ones."""
    encode_jpeg(np.zeros((8, 8, 3), np.uint8))


def photo(folder: Path, path: Path, turns: int, longest: int) -> bytes:
    """A photo as JPEG without metadata, its heads upright.

    Args:
        folder: that it has to lie in.
        path: of its file.
        turns: quarter turns, as `PhotoEntry` has them.
        longest: px of the longer side at most.

    Raises:
        ImageError: it cannot be read, or lies outside the folder.
    """
    image = decode(_read(folder, path), min_side=1, longest=longest)
    return encode_jpeg(np.ascontiguousarray(np.rot90(image, turns)), _QUALITY)


def face(folder: Path, path: Path, turns: int, box: Box) -> bytes:
    """A square around a face of a photo, likewise; `box` is of the turned photo."""
    image = np.rot90(decode(_read(folder, path), min_side=1), turns)
    return tile(image, box)


def tile(image: Image, box: Box) -> bytes:
    """The JPEG of a square around a face; the box has shares of the sides."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = np.array(box) * (width, height, width, height)
    side = min((1 + 2 * _MARGIN) * max(x1 - x0, y1 - y0), width, height)
    left = round(min(max((x0 + x1 - side) / 2, 0), width - side))
    top = round(min(max((y0 + y1 - side) / 2, 0), height - side))
    side = max(1, int(side))
    part = np.ascontiguousarray(image[top : top + side, left : left + side])
    return encode_jpeg(resize(part, (TILE, TILE)), _QUALITY)


def _read(folder: Path, path: Path) -> bytes:
    check_inside(folder, path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"it cannot be read: {error.strerror or error}") from None
