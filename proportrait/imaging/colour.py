"""Colour profiles: every picture comes to sRGB."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
import PIL.Image
from PIL import ImageCms

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # ICC colour space -> Pillow's mode
_OTHER_KIND = "its colour profile is for another kind of picture and was ignored"
_DAMAGED = "its colour profile is damaged and was ignored"
_SAME = 2  # of 255; makers of profiles round the curve of sRGB differently


def to_srgb(
    image: PIL.Image.Image, profile: bytes | None, grey: bool
) -> tuple[PIL.Image.Image, str | None]:
    """The picture as RGB in sRGB, and a remark where its profile was of no use.

    Args:
        image: of mode RGB or CMYK.
        profile: the ICC profile that the file carries, if any; without one, RGB is sRGB.
        grey: whether the file had one channel, which a profile for grey describes.
    """
    if not profile:
        return _rgb(image), None
    try:
        mode, transform = _transform(profile)
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError):
        return _rgb(image), _DAMAGED
    if mode != image.mode and not (mode == "L" and grey):
        return _rgb(image), _OTHER_KIND
    if transform is None:
        return _rgb(image), None
    return transform.apply(image if mode == image.mode else image.convert(mode)), None


def _rgb(image: PIL.Image.Image) -> PIL.Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")  # which would copy RGB


@lru_cache(maxsize=8)
def _transform(profile: bytes) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """The mode that a profile describes, and the way to sRGB; None where that changes nothing.

    Relative colorimetric with black point compensation: colours that sRGB has, as those of skin,
    stay what they are, neutral stays neutral, and black becomes black. A perceptual rendering would
    move them too, by as much as each maker of profiles sees fit.
    """
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    mode = _MODES[opened.profile.xcolor_space.strip()]
    transform = ImageCms.buildTransform(
        opened,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode == "RGB":
        levels = np.arange(0, 256, 15).astype(np.uint8)
        colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3)
        shown = np.asarray(transform.apply(PIL.Image.fromarray(colours)))
        if np.abs(shown.astype(int) - colours).max() <= _SAME:
            return mode, None
    return mode, transform
