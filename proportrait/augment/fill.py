"""More of a plain background than a photo shows, so that its window may pass the border."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.retouch.framing import Window
from proportrait.errors import EditError

_NEAR = 0.05  # of the mask: more of it is not background alone
_UNEVEN = 14.0  # grey levels that the border may differ from its smooth surroundings
_RIM = 9  # px beside the person that are left out, where light and hair mix in


def cut_filled(image: Image, alpha: Float, window: Window, size: int) -> Image:
    """A window's content (size, size, 3), where it may pass borders that nobody stands at.

    Beyond the border the background goes on as smoothly as it is, with the grain that it has. That
    looks natural for paper, walls, and strong blur; whoever calls this has made sure of it.

    Args:
        image: (H, W, 3).
        alpha: (H, W) in [0, 1], the person.
        window: what is shown.
        size: px of a side of the result.

    Raises:
        EditError: what stands at a border that is passed is not as smooth as that.
    """
    height, width = image.shape[:2]
    low = np.floor([window.left, window.top]).astype(int)
    high = np.ceil([window.left + window.side, window.top + window.side]).astype(int)
    before = np.maximum(-low, 0)
    after = np.maximum(high - (width, height), 0)
    top, bottom, left, right = map(int, (before[1], after[1], before[0], after[0]))
    wide = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REPLICATE)
    wide = wide.astype(np.float32)
    free = np.zeros(wide.shape[:2], np.float32)
    inside = (slice(top, top + height), slice(left, left + width))
    rim = np.ones((_RIM, _RIM), np.uint8)
    free[inside] = cv2.erode((alpha < _NEAR).astype(np.uint8), rim, borderValue=1)
    smooth = spread_out(wide, free)
    shown = np.zeros_like(free)
    shown[inside] = 1
    rest = (wide - smooth)[(shown * free) > 0]
    # The border itself keeps its pixels; what differs there from the smooth one fades away.
    edge = cv2.distanceTransform((1 - shown).astype(np.uint8), cv2.DIST_L2, 5)
    offset, broad = (cv2.GaussianBlur(wide - smooth, (0, 0), sigma) for sigma in (6, 24))
    near, far = (np.exp(-edge / (s * max(height, width)))[..., None] for s in (0.04, 0.5))
    passed = ((edge > 0) & (edge < 2))[..., None] * np.abs(offset)
    if float(passed.max()) > _UNEVEN:
        raise EditError("the background is not plain where it would go on", "framing")
    beyond = smooth + near * (offset - broad) + far * broad + _grain(rest, wide.shape)
    whole = np.where(shown[..., None] > 0, wide, beyond)
    moved = Window(window.left + left, window.top + top, window.side)
    return moved.cut(np.clip(np.rint(whole), 0, 255).astype(np.uint8), size)


def spread_out(values: Float, weight: Float) -> Float:
    """Fill (H, W, 3) where the weight (H, W) is 0 from where it is 1, smoothly.

    The pull-push algorithm (Gortler et al., "The Lumigraph", SIGGRAPH 1996).
    """
    levels = [(values * weight[..., None], weight)]
    while min(levels[-1][1].shape) > 1:
        colour, share = levels[-1]
        levels.append((cv2.pyrDown(colour), cv2.pyrDown(share)))
    colour, share = levels.pop()
    filled = colour.reshape(*share.shape, 3) / np.maximum(share, 1e-6)[..., None]
    while levels:
        colour, share = levels.pop()
        size = share.shape[::-1]
        coarse = cv2.resize(filled, size, interpolation=cv2.INTER_LINEAR)
        sure = np.clip(share, 0, 1)[..., None]
        filled = colour / np.maximum(share, 1e-6)[..., None] * sure + coarse * (1 - sure)
    return np.asarray(cv2.GaussianBlur(filled, (0, 0), 4), np.float32)


def _grain(rest: Float, shape: tuple[int, ...]) -> Float:
    """Noise (H, W, 3) as strong as what the background holds beside its smooth colour.

    The same everywhere for the same picture: its seed is what it is made from.
    """
    if not len(rest):
        return np.zeros(shape, np.float32)
    # Texture counts by its middle: a few edges must not make the grain strong.
    strength = np.median(np.abs(rest), axis=0) / 0.6745
    rng = np.random.default_rng(int(np.abs(rest[:1000]).sum()))
    noise = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 0.7)
    return np.asarray(noise / max(float(noise.std()), 1e-6) * strength, np.float32)
