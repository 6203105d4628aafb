"""Extends a plain background beyond the border of a photo, so that a window may pass it."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.retouch.framing import Window
from proportrait.errors import EditError

_BACKGROUND_ALPHA = 0.05  # a pixel with less of the person is background
_LARGEST_STEP = 14.0  # grey levels that the border may differ from its smooth surroundings
_RIM = 9  # px beside the person that are left out, where light and hair mix in


def cut_filled(image: Image, alpha: Float, window: Window, size: int) -> Image:
    """Cut a window (size, size, 3) that may pass borders which the person does not touch.

    Beyond the border the background continues smoothly, with its own grain. That looks natural for
    paper, walls, and strong blur; callers make sure that the background is one of these.

    Args:
        image: (H, W, 3).
        alpha: (H, W) in [0, 1], the person.
        window: the part to show, in px of the image.
        size: side of the result in px.

    Raises:
        EditError: the background is not smooth at a border that the window passes.
    """
    height, width = image.shape[:2]
    low = np.floor([window.left, window.top]).astype(int)
    high = np.ceil([window.left + window.side, window.top + window.side]).astype(int)
    before = np.maximum(-low, 0)
    after = np.maximum(high - (width, height), 0)
    top, bottom, left, right = map(int, (before[1], after[1], before[0], after[0]))
    wide = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REPLICATE)
    wide = wide.astype(np.float32)
    background = np.zeros(wide.shape[:2], np.float32)
    inside = (slice(top, top + height), slice(left, left + width))
    rim = np.ones((_RIM, _RIM), np.uint8)
    background[inside] = cv2.erode((alpha < _BACKGROUND_ALPHA).astype(np.uint8), rim, borderValue=1)
    smooth = spread_out(wide, background)
    photo = np.zeros_like(background)
    photo[inside] = 1
    residual = (wide - smooth)[(photo * background) > 0]
    # The photo keeps its pixels; their difference from the smooth colour fades beyond the border.
    edge = cv2.distanceTransform((1 - photo).astype(np.uint8), cv2.DIST_L2, 5)
    offset, broad = (cv2.GaussianBlur(wide - smooth, (0, 0), sigma) for sigma in (6, 24))
    near, far = (np.exp(-edge / (s * max(height, width)))[..., None] for s in (0.04, 0.5))
    step = ((edge > 0) & (edge < 2))[..., None] * np.abs(offset)
    if float(step.max()) > _LARGEST_STEP:
        raise EditError("the background is not plain where it would go on", "framing")
    extension = smooth + near * (offset - broad) + far * broad + _grain(residual, wide.shape)
    pixels = np.where(photo[..., None] > 0, wide, extension)
    target = Window(window.left + left, window.top + top, window.side)
    return target.cut(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), size)


def spread_out(values: Float, weight: Float) -> Float:
    """Fill (H, W, 3) where the weight (H, W) is 0 from where it is 1, smoothly.

    The pull-push algorithm (Gortler et al., "The Lumigraph", SIGGRAPH 1996).
    """
    levels = [(values * weight[..., None], weight)]
    while min(levels[-1][1].shape) > 1:
        colour, share = levels[-1]
        levels.append((cv2.pyrDown(colour), cv2.pyrDown(share)))
    colour, share = levels.pop()
    fill = colour.reshape(*share.shape, 3) / np.maximum(share, 1e-6)[..., None]
    while levels:
        colour, share = levels.pop()
        size = share.shape[::-1]
        coarse = cv2.resize(fill, size, interpolation=cv2.INTER_LINEAR)
        confidence = np.clip(share, 0, 1)[..., None]
        fill = colour / np.maximum(share, 1e-6)[..., None] * confidence + coarse * (1 - confidence)
    return np.asarray(cv2.GaussianBlur(fill, (0, 0), 4), np.float32)


def _grain(residual: Float, shape: tuple[int, ...]) -> Float:
    """Noise (H, W, 3) as strong as the background's residual from its smooth colour.

    Its seed is the residual, so that the same picture gets the same noise.
    """
    if not len(residual):
        return np.zeros(shape, np.float32)
    # The median: a few edges must not make the grain strong.
    strength = np.median(np.abs(residual), axis=0) / 0.6745
    rng = np.random.default_rng(int(np.abs(residual[:1000]).sum()))
    noise = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 0.7)
    return np.asarray(noise / max(float(noise.std()), 1e-6) * strength, np.float32)
