"""Pictures that somebody has in memory: which are taken, and what is said of the others."""

from __future__ import annotations

import numpy as np
import PIL.Image

from proportrait.arrays import Image
from proportrait.errors import ImageError
from proportrait.imaging.decode import LONGEST, MIN_SIDE, from_pillow

_EXPECTED = (
    f"a picture is a file, a Pillow image, or an RGB uint8 array (height, width, 3) of at least "
    f"{MIN_SIDE} px a side"
)


def as_image(picture: object) -> Image:
    """RGB uint8 (H, W, 3) of an array or a Pillow image; what is larger than a look is reduced.

    Raises:
        ValueError: it is neither, or too small; the message says what is expected, what was given,
            and how to convert it.
    """
    if isinstance(picture, PIL.Image.Image):
        given = f"a Pillow image ({picture.mode}, {picture.width}x{picture.height} px)"
        image = picture
    elif isinstance(picture, np.ndarray):
        given = f"{picture.dtype} {picture.shape}"
        if hint := _hint(picture):
            raise ValueError(f"{_EXPECTED}, not {given}: {hint}")
        if min(picture.shape[:2]) >= MIN_SIDE and max(picture.shape) <= LONGEST:
            return picture
        image = PIL.Image.fromarray(picture)
    else:
        raise ValueError(f"{_EXPECTED}, not a {type(picture).__name__}")
    try:
        return from_pillow(image)
    except ImageError as error:
        raise ValueError(f"{_EXPECTED}, not {given}: {error}") from error


def _hint(array: Image) -> str:
    """How to make an RGB uint8 array (H, W, 3) of it, or "" where it is one."""
    if array.ndim == 4:
        return "give one picture at a time"
    if array.ndim == 2:
        return "make three channels of the grey one: np.stack([image] * 3, axis=-1)"
    if array.ndim != 3 or array.size == 0:
        return "it is no picture"
    if array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
        return "the channels come last: image.transpose(1, 2, 0)"
    if array.shape[2] != 3:
        return "leave out what is no colour: image[..., :3]"
    if array.dtype == np.uint8:
        return ""
    if array.dtype.kind == "f" and array.max() <= 1:
        return "values go from 0 to 255: (255 * image).round().astype(np.uint8)"
    if array.dtype == np.uint16:
        return "values go from 0 to 255: (image // 257).astype(np.uint8)"
    return "values go from 0 to 255: image.clip(0, 255).astype(np.uint8)"
