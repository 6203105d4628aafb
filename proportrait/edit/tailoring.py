"""Collar, tie, and lapels, drawn onto a jacket over a bright shirt.

The network has seen little below a chin: it draws a jacket and a shirt, but neither a collar nor a
tie that hold together. Both are small and regular, so they are drawn here, in the shirt's own
colour and light. Lengths are in face heights (forehead to chin).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.faces import Face
from proportrait.faces.face import CHIN, FOREHEAD

Float = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

_UP, _DOWN, _SIDE = 0.20, 0.95, 0.75  # the patch that is worked on, around the chin
_SIZE = 320  # px of a face height in that patch
_CONTRAST = 45  # of Lab lightness between shirt and jacket; with less, their edge is not certain
_TIES: dict[str, tuple[int, int, int]] = {
    "navy": (34, 44, 84),
    "burgundy": (104, 26, 40),
    "grey": (92, 96, 104),
    "bottle green": (24, 66, 52),
    "black": (28, 28, 32),
    "blue": (48, 84, 138),
    "plum": (82, 44, 84),
}
_PATTERNS = ("plain", "plain", "stripes", "dots")


@dataclass(frozen=True, eq=False)
class _Front:
    """What a patch shows: for every row of it, where shirt and jacket begin.

    Attributes:
        inner, outer: (2, rows), px from the middle at which the shirt and the jacket begin, on the
            left and on the right.
        tops: first row of the shirt on both sides.
        shirt: (3,) its colour, RGB 0..255.
        shade: (rows, columns), light on it, about 1.
    """

    inner: Float
    outer: Float
    tops: tuple[int, int]
    shirt: Float
    shade: Float


def tailor(
    image: Image, face: Face, rng: np.random.Generator, tied: bool
) -> tuple[Image, dict[str, Any]]:
    """Draw lapels, and a closed collar with a tie where one is wanted.

    Args:
        image: (H, W, 3), somebody in a jacket over a bright shirt, roughly upright.
        face: theirs.
        tied: whether to close the collar with a tie; else it stays open as it is.

    Returns:
        The picture, and the parameters for the record: None where shirt and jacket cannot be told
        apart, and the picture is as it was.
    """
    colour = tuple(_TIES)[int(rng.integers(len(_TIES)))]
    pattern = _PATTERNS[int(rng.integers(len(_PATTERNS)))]
    chin = face.landmarks[CHIN, :2]
    height = float(np.linalg.norm(face.landmarks[FOREHEAD, :2] - chin))
    scale = height / _SIZE
    corner = chin - np.array([_SIDE, _UP]) * height
    size = (round(2 * _SIDE * _SIZE), round((_UP + _DOWN) * _SIZE))
    place = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(image, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    front = _read(patch, cheek_colour(image, face))
    if front is None:
        return image, {}
    ink = patch.astype(np.float32)
    knot = _closing_row(front)
    if tied:
        _close(ink, front, knot)
        _tie(ink, front, knot, np.array(_TIES[colour], np.float32), pattern)
    _collar(ink, front, knot, tied)
    _lapels(ink, front)
    changed = cv2.GaussianBlur(np.abs(ink - patch).max(2), (0, 0), 3) > 0.5
    weight = cv2.GaussianBlur(changed.astype(np.float32), (0, 0), 2)
    weight *= np.clip((size[1] - 1 - np.arange(size[1])) / 4, 0, 1).astype(np.float32)[:, None]
    full = image.shape[1::-1]
    weight = cv2.warpAffine(weight, place, full, flags=cv2.INTER_LINEAR)[..., None]
    drawn = cv2.warpAffine(
        ink, place, full, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    mixed = image * (1 - weight) + drawn * weight
    done = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return done, {"tie": f"{colour}, {pattern}" if tied else "none"}


def cheek_colour(image: Image, face: Face) -> Float:
    """Median CIE Lab (3,) of the cheeks."""
    lab = cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), 3), cv2.COLOR_RGB2LAB)
    points = np.rint(face.landmarks[[50, 280, 205, 425, 152, 199], :2]).astype(int)
    rows = np.clip(points[:, 1], 0, image.shape[0] - 1)
    columns = np.clip(points[:, 0], 0, image.shape[1] - 1)
    return np.asarray(np.median(lab[rows, columns].astype(np.float32), 0))


def _read(patch: Image, skin: Float) -> _Front | None:
    """Tell skin, shirt, and jacket apart by colour, row by row; None where that fails."""
    lab = cv2.cvtColor(cv2.GaussianBlur(patch, (0, 0), 3), cv2.COLOR_RGB2LAB).astype(np.float32)
    rows, columns = lab.shape[:2]
    middle, chin = columns // 2, round(_UP * _SIZE)

    def median(side: float, top: float, bottom: float) -> Any:
        half = round(0.02 * _SIZE)
        x = [round(middle + sign * side * _SIZE) for sign in (-1, 1)]
        y = slice(chin + round(top * _SIZE), chin + round(bottom * _SIZE))
        return np.median(np.concatenate([lab[y, c - half : c + half].reshape(-1, 3) for c in x]), 0)

    shirt, jacket = median(0.16, 0.2, 0.5), median(0.5, 0.3, 0.6)
    if shirt[0] - jacket[0] < _CONTRAST:
        return None
    weights = np.array([0.5, 1, 1], np.float32)
    apart = [np.abs((lab - colour) * weights).sum(2) for colour in (skin, shirt, jacket)]
    kind = np.argmin(apart, 0)
    is_shirt = cv2.morphologyEx(
        (kind == 1).astype(np.uint8), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)
    )
    inner, outer = np.zeros((2, rows), np.float32), np.zeros((2, rows), np.float32)
    tops = []
    for side, half in enumerate((is_shirt[:, middle::-1], is_shirt[:, middle:])):
        found = half.any(1)
        if found[chin : chin + round(0.5 * _SIZE)].mean() < 0.9:
            return None
        last = half.shape[1] - 1 - np.argmax(half[:, ::-1], 1)
        first = np.argmax(half, 1)
        known = np.flatnonzero(found)
        # beside the neck: a white beard is no shirt
        worn = (last - first > 0.03 * _SIZE) & (first > 0.14 * _SIZE)
        worn &= np.arange(rows) > chin - 0.12 * _SIZE
        tops.append(int(np.argmax(worn)))
        for values, target in ((first, inner), (last, outer)):
            filled = np.interp(np.arange(rows), known, values[known]).astype(np.float32)
            target[side] = cv2.GaussianBlur(cv2.medianBlur(filled[:, None], 5), (1, 41), 9)[:, 0]
    width = (outer - inner)[:, chin : chin + round(0.5 * _SIZE)].mean()
    if not 0.05 * _SIZE < width < 0.4 * _SIZE:
        return None
    light = lab[..., 0] * is_shirt
    share = cv2.GaussianBlur(is_shirt.astype(np.float32), (0, 0), 30) + np.float32(1e-3)
    shade = cv2.GaussianBlur(light, (0, 0), 30) / share / shirt[0]
    colour = np.median(patch[is_shirt > 0].astype(np.float32), 0)
    return _Front(inner, outer, (tops[0], tops[1]), colour, np.clip(shade, 0.6, 1.15))


def _closing_row(front: _Front) -> int:
    """The row in which the collar closes: where the shirt's halves come near, within limits."""
    low, high = (round((_UP + below) * _SIZE) for below in (0.15, 0.30))
    near = np.flatnonzero(front.inner.sum(0)[low:high] < 0.18 * _SIZE)
    return low + int(near[0]) if len(near) else high


def _close(ink: Float, front: _Front, knot: int) -> None:
    """Close the shirt below the knot, over what is left of the neck."""
    y, x = _mesh(ink)
    reach = np.where(x < 0, front.inner[0][:, None], front.inner[1][:, None]) + 0.05 * _SIZE
    reach = np.minimum(reach, 0.16 * _SIZE)
    mask = np.clip((reach - np.abs(x)) / 12 + 0.5, 0, 1) * np.clip((y - knot) / 6 + 0.5, 0, 1)
    _paint(ink, mask, front.shirt * front.shade[..., None])


def _tie(ink: Float, front: _Front, knot: int, colour: Float, pattern: str) -> None:
    """A knot, and the blade below it."""
    y, x = _mesh(ink)
    s = _SIZE
    top, low, end = knot - 0.06 * s, knot + 0.10 * s, float(ink.shape[0])
    blade = [(-0.045 * s, low - 4), (0.045 * s, low - 4), (0.105 * s, end), (-0.105 * s, end)]
    head = [(-0.075 * s, top), (0.075 * s, top), (0.046 * s, low), (-0.046 * s, low)]
    masks = [_polygon(ink.shape, points, 1.0) for points in (blade, head)]
    shadow = cv2.GaussianBlur(np.maximum(*masks), (0, 0), 0.02 * s)
    _darken(ink, np.clip(shadow * 1.3, 0, 1) * (1 - np.maximum(*masks)), 0.30)
    along = (x * 0.6 + y) / (0.085 * s)
    if pattern == "stripes":
        print_ = 0.5 * (np.abs((along % 1) - 0.5) < 0.12)
    elif pattern == "dots":
        cell = 0.05 * s
        u = (x + 0.5 * cell * (np.floor(y / cell) % 2)) % cell - cell / 2
        print_ = 0.55 * np.clip(1.5 - np.hypot(u, y % cell - cell / 2) / (0.11 * cell), 0, 1)
    else:
        print_ = np.zeros_like(x)
    light = np.array([205, 205, 212], np.float32)
    print_ = cv2.GaussianBlur(np.asarray(print_, np.float32), (0, 0), 0.9)[..., None]
    cloth = colour * (1 - print_) + light * print_
    weave = 1 + 0.05 * np.sin((x - y) * 1.9)
    for mask, half in (
        (masks[0], 0.045 * s + 0.06 * s * np.clip((y - low) / (end - low), 0, 1)),
        (masks[1], 0.046 * s + 0.029 * s * np.clip((low - y) / (low - top), 0, 1)),
    ):
        across = np.clip(x / half, -1, 1)
        form = (1.12 - 0.42 * across**2) * weave
        if mask is masks[0]:  # it comes out from under the knot, with a dimple
            depth = (y - low) / (0.16 * s)
            form = form * (1 - 0.45 * np.exp(-np.maximum(depth, 0) * 5))
            form = form * (1 - 0.35 * np.exp(-((x / (0.014 * s)) ** 2)) * np.exp(-depth * 1.5))
        else:
            fold = (x + 0.35 * (y - knot)) / (0.03 * s)
            form = form * (
                1 + 0.14 * np.exp(-((fold + 1.2) ** 2)) - 0.10 * np.exp(-((fold - 1.3) ** 2))
            )
        _paint(ink, mask, cloth * (form * front.shade)[..., None])


def _collar(ink: Float, front: _Front, knot: int, tied: bool) -> None:
    """Two leaves that lie on the shirt; under a tie they meet below its knot."""
    s = _SIZE
    y, _ = _mesh(ink)
    for side, sign in enumerate((-1, 1)):
        start = min(front.tops[side], knot - round(0.08 * s))
        rows = np.linspace(start, knot - 0.03 * s, 9)
        edge = np.interp(rows, np.arange(front.inner.shape[1]), front.inner[side])
        edge = np.minimum(edge, 0.30 * s)
        if tied:
            t = np.linspace(0, 1, 9) ** 2
            edge = edge * (1 - t) + 0.062 * s * t  # from the neck towards the knot
        tip_row = knot + (0.17 if tied else 0.08) * s
        tip = (min(edge[-1] + 0.12 * s, front.outer[side][round(tip_row)] - 0.02 * s), tip_row)
        tip = (sign * tip[0], tip[1])
        beside = front.outer[side][start + round(0.05 * s)]
        back = (sign * min(edge[0] + 0.06 * s, beside), start + 0.03 * s)
        inside = np.array([*zip(sign * edge, rows, strict=True), (sign * edge[-1] * 0.9, knot + 3)])
        leaf = np.array([*inside, tip, back])
        mask = _polygon(ink.shape, leaf, 1.0)
        fallen = _polygon(ink.shape, _moved(leaf, 0, 0.022 * s), 0.016 * s)
        _darken(ink, fallen * (1 - mask), 0.32)
        form = front.shade * (0.965 + 0.05 * np.clip((y - start) / (knot - start), 0, 1))
        _paint(ink, mask, np.minimum(front.shirt * form[..., None] * 1.02, 252))
        stitches = _moved(np.array([inside[-1], tip, back]), -sign * 6, -6)
        _darken(ink, _stroke(ink.shape, stitches, 1, 0.5) * mask, 0.15)
        _darken(ink, _stroke(ink.shape, inside, 3, 2.2) * (1 - mask), 0.35)


def _lapels(ink: Float, front: _Front) -> None:
    """The edge of the jacket's lapels with their notch, and the shadow that they cast."""
    s = _SIZE
    y, x = _mesh(ink)
    top = round((_UP - 0.02) * s)
    rows = np.arange(top, ink.shape[0])
    fade = np.clip((y - top - 0.1 * s) / (0.15 * s), 0, 1)
    for side, sign in enumerate((-1, 1)):
        edge = front.outer[side][rows]
        inwards = np.interp(y[:, 0], rows, edge)[:, None] - sign * x
        shadow = np.exp(-((np.maximum(inwards - 2, 0) / 7) ** 2)) * (inwards > 0)
        _darken(ink, shadow * np.clip((y - top) / 30, 0, 1), 0.28)
        wide = edge + s * (0.10 + 0.13 * np.clip((rows - top) / (0.55 * s), 0, 1))
        line = np.stack([sign * wide, rows], 1)
        notch = round(0.36 * s)
        corner = line[notch]
        mouth = corner + np.array([-sign * 0.085, 0.012]) * s
        collar = _moved(line[: notch - round(0.055 * s)], sign * 0.035 * s, 0)
        cut = np.array([corner, mouth, corner + np.array([sign * 0.035, -0.06]) * s])
        for part in (line[notch:], collar, cut):
            _darken(ink, _stroke(ink.shape, part, 3, 1.7) * fade, 0.55)
            shine = _stroke(ink.shape, _moved(part, -sign * 3, -1), 2, 1.3) * fade
            ink += (0.22 * shine)[..., None] * (ink + 22)


def _mesh(ink: Float) -> tuple[Float, Float]:
    """Row and column of every pixel; columns from the middle."""
    y, x = np.mgrid[: ink.shape[0], : ink.shape[1]].astype(np.float32)
    return y, x - np.float32(ink.shape[1] // 2)


def _moved(points: Any, right: float, down: float) -> Any:
    return np.asarray(points) + np.array([right, down])


def _fixed_point(shape: tuple[int, ...], points: Any) -> Any:
    """Points (n, 2), x from the middle, in sixteenths of a pixel, as OpenCV draws them."""
    return [np.rint(_moved(points, shape[1] // 2, 0) * 16).astype(np.int32)]


def _polygon(shape: tuple[int, ...], points: Any, soft: float) -> Float:
    """(rows, columns) in [0, 1], the inside of a polygon."""
    plane = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(plane, _fixed_point(shape, points), 255, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(plane.astype(np.float32) / 255, (0, 0), soft), np.float32)


def _stroke(shape: tuple[int, ...], points: Any, thickness: int, soft: float) -> Float:
    """(rows, columns) in [0, 1], a line through points."""
    plane = np.zeros(shape[:2], np.uint8)
    cv2.polylines(plane, _fixed_point(shape, points), False, 255, thickness, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(plane.astype(np.float32) / 255, (0, 0), soft), np.float32)


def _paint(ink: Float, mask: Any, colour: Any) -> None:
    ink += (colour - ink) * mask[..., None]


def _darken(ink: Float, mask: Any, amount: float) -> None:
    ink *= 1 - amount * mask[..., None]
