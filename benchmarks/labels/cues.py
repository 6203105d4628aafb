"""What a picture shows besides the thing itself: the features that should give no label away."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import cv2
import numpy as np
import PIL.Image

from proportrait import imaging
from proportrait.arrays import Float, Image, Mask
from proportrait.errors import AssessmentError
from proportrait.faces import Face, FaceAnalyzer
from proportrait.faces.face import OVAL
from proportrait.looks.features import Backbone

Sets = Mapping[str, Float]  # features (k,) by the name of the set

FRAME = 16  # px, width of the border that is looked at
GREY = 127
# Landmarks around the middle of each cheek and of the forehead.
_SKIN = ((50, 101, 118, 117), (280, 330, 347, 346), (151, 108, 337, 9))
# Rings along the mask's edge, px beyond it. The inner ones end where the lens, and errors of the
# mask, let some background in: that much of it a photograph shows, too.
_ACROSS = ((-10, -6), (-6, -3), (-3, 0), (0, 3), (3, 6), (6, 10))
_INSIDE = ((-14, -9), (-9, -5), (-5, -2))


@dataclass(frozen=True, eq=False)
class Shown:
    """One picture, as its file holds it, and who finds the face in it."""

    data: bytes
    analyzer: FaceAnalyzer
    backbone: Backbone | None = None

    @cached_property
    def image(self) -> Image:
        """The decoded picture (H, W, 3)."""
        return imaging.decode(self.data)

    @cached_property
    def face(self) -> Face:
        """The largest face; raises AssessmentError where there is none."""
        return self.analyzer.face(self.image)

    @cached_property
    def mask(self) -> Float:
        """The person (H, W) in [0, 1]."""
        return self.analyzer.mask(self.image, self.face)

    @cached_property
    def lab(self) -> Float:
        """CIE L*a*b* (H, W, 3), L* from 0 to 100."""
        lab = cv2.cvtColor(self.image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        return np.asarray(lab, np.float32)

    def seen(self, image: Image) -> Sets:
        """The network's view of a picture, where there is a network."""
        return {} if self.backbone is None else {"network": self.backbone(image)}


def border(shown: Shown) -> Sets:
    """The frame of 16 px, with what of the person stands in it."""
    image = shown.image.copy()
    image[FRAME:-FRAME, FRAME:-FRAME] = GREY
    lab = shown.lab
    strips = (lab[:FRAME], lab[-FRAME:], lab[:, :FRAME], lab[:, -FRAME:])
    pieces = [p for s in strips for p in np.array_split(s, 8, axis=int(s.shape[0] == FRAME))]
    hand = np.concatenate([[*p.mean((0, 1)), p[..., 0].std()] for p in pieces])
    return {"hand": hand.astype(np.float32), **shown.seen(image)}


def border_background(shown: Shown) -> Sets:
    """How the frame is made where no person stands in it: noise, sharpness, padding.

    All its pixels together, so that nothing tells at which side the person is. A border that
    was padded has lines that are equal to each other, or that run backwards.
    """
    free = shown.mask < 0.05
    free[FRAME:-FRAME, FRAME:-FRAME] = False
    free[-FRAME:] = False  # where the clothes are
    if free.sum() < 1000:
        raise AssessmentError("too little of the background touches the border")
    grey = shown.lab[..., 0]
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 1.0)
    middle = cv2.GaussianBlur(grey, (0, 0), 1.0) - cv2.GaussianBlur(grey, (0, 0), 3.0)
    values = [np.percentile(np.abs(fine[free]), (25, 50, 75, 95))]
    values.append(np.percentile(np.abs(middle[free]), (25, 50, 75, 95)))
    values.append(shown.lab[free].mean(0))
    sides = ((grey, free), (grey.T, free.T), (grey[:, ::-1].T, free[:, ::-1].T))
    open_ = [clear[:FRAME].all(0) for _, clear in sides]
    best = int(np.argmax([columns.sum() for columns in open_]))
    if open_[best].sum() < FRAME:
        raise AssessmentError("the person touches every side")
    lines = sides[best][0][:FRAME, open_[best]]
    steps = np.abs(np.diff(lines, axis=0)).mean(1)
    mirrored = np.abs(lines[: FRAME // 2] - lines[FRAME // 2 :][::-1]).mean()
    values.append(np.array([steps[0], steps.min(), steps.mean(), mirrored, lines.std(1).min()]))
    return {"hand": np.concatenate(values).astype(np.float32)}


def without_face(shown: Shown) -> Sets:
    """The picture with the face covered by an ellipse that is placed by the eyes alone."""
    image = shown.image.copy()
    left, right = shown.face.eyes
    across = float(np.linalg.norm(right - left))
    tilt = float(np.degrees(np.arctan2(*(right - left)[::-1])))
    down = np.array([-(right - left)[1], (right - left)[0]]) / max(across, 1e-6)
    centre = (left + right) / 2 + 0.75 * across * down
    cv2.ellipse(
        image, tuple(map(int, centre.round())), (round(1.35 * across), round(2.0 * across)),
        tilt, 0, 360, (GREY,) * 3, -1,
    )  # fmt: skip
    return {"hand": _layout(image), **shown.seen(image)}


def skin(shown: Shown) -> Sets:
    """The mean colour of cheeks and forehead in L*a*b*."""
    mask = np.zeros(shown.image.shape[:2], np.uint8)
    for patch in _SKIN:
        points = shown.face.landmarks[list(patch), :2].round().astype(np.int32)
        cv2.fillConvexPoly(mask, cv2.convexHull(points), 1)
    if not mask.any():
        raise AssessmentError("the face is too small to see its skin")
    return {"hand": shown.lab[mask > 0].mean(0)}


def face(shown: Shown) -> Sets:
    """The face alone, from the forehead to the chin; everything around it is grey."""
    points = shown.face.landmarks[list(OVAL), :2]
    mask = np.zeros(shown.image.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(points.round().astype(np.int32)), 1)
    image = np.where(mask[..., None] > 0, shown.image, np.uint8(GREY))
    height, width = shown.image.shape[:2]
    left, top = max(0, int(points[:, 0].min())), max(0, int(points[:, 1].min()))
    right, bottom = int(np.ceil(points[:, 0].max())), int(np.ceil(points[:, 1].max()))
    crop = np.ascontiguousarray(image[top : min(bottom, height), left : min(right, width)])
    if min(crop.shape[:2]) < 16:
        raise AssessmentError("the face is too small, or outside the picture")
    return {"hand": _layout(crop), **shown.seen(crop)}


def band_inside(shown: Shown) -> Sets:
    """The person's rim, 2 px and more inside the edge, against the person further in."""
    return {"hand": _rings(shown, np.ones(shown.mask.shape, bool), inside=True)}


def band_of_head(shown: Shown) -> Sets:
    """Both sides of the edge above the chin, where no clothes are."""
    rows = np.arange(shown.mask.shape[0])[:, None]
    above = np.broadcast_to(rows < shown.face.landmarks[:, 1].max(), shown.mask.shape)
    return {"hand": _rings(shown, above, inside=False)}


def band(shown: Shown) -> Sets:
    """Both sides of the whole edge."""
    return {"hand": _rings(shown, np.ones(shown.mask.shape, bool), inside=False)}


def place(shown: Shown) -> Sets:
    """Where the eyes are, their distance, and the tilt of the head."""
    left, right = shown.face.eyes
    middle, across = (left + right) / 2, right - left
    size, tilt = np.linalg.norm(across), np.arctan2(across[1], across[0])
    return {"hand": np.array([*middle, size, tilt], np.float32)}


def file_size(shown: Shown) -> Sets:
    """The length of the file."""
    return {"hand": np.array([np.log(len(shown.data))], np.float32)}


def file_form(shown: Shown) -> Sets:
    """How the file is written: its tables, sampling, and everything else before the picture."""
    with PIL.Image.open(io.BytesIO(shown.data)) as picture:
        tables = getattr(picture, "quantization", {}) or {}
        values = [sum(tables.get(i, ())) for i in range(4)]
        values += [len(picture.info), int("progressive" in picture.info), *picture.size]
    start = shown.data.find(b"\xff\xda")
    head = shown.data[:start] if start > 0 else shown.data[:64]
    values += [len(head), crc32(head) % 9973]
    return {"hand": np.array(values, np.float32)}


VIEWS: dict[str, Callable[[Shown], Sets]] = {
    view.__name__: view
    for view in (
        border, border_background, without_face, skin, face, band_inside, band_of_head, band,
        place, file_size, file_form,
    )
}  # fmt: skip


def _layout(image: Image) -> Float:
    """Colours and edge directions (8 of them) over an 8x8 grid: 64 * (3 + 8) numbers."""
    small = cv2.resize(image, (128, 128), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab = cv2.resize(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), (8, 8), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    x, y = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength, angle = np.hypot(x, y), np.arctan2(y, x) % np.pi
    which = np.minimum((angle / np.pi * 8).astype(int), 7)
    edges = [
        cv2.resize(strength * (which == k), (8, 8), interpolation=cv2.INTER_AREA) for k in range(8)
    ]
    return np.concatenate([lab.ravel(), np.sqrt(np.stack(edges)).ravel()]).astype(np.float32)


def _rings(shown: Shown, where: Mask, inside: bool) -> Float:
    """Colour, contrast, and grain of thin rings along the mask's edge, from within outwards.

    Colours count against the innermost ring, so that a halo or a seam shows and not the hair.
    """
    solid = (shown.mask > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
    height = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5)
    beyond = np.where(solid > 0, -depth, height)
    lab = shown.lab
    grain = np.abs(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 1.0))
    values: list[float] = []
    first = None
    for low, high in _INSIDE if inside else _ACROSS:
        ring = (beyond > low) & (beyond <= high) & where
        if ring.sum() < 50:
            raise AssessmentError("the person has no edge in the picture")
        mean = lab[ring].mean(0)
        first = mean if first is None else first
        values += [*(mean - first), lab[..., 0][ring].std(), grain[ring].mean()]
    if not inside:
        edge = shown.mask[(np.abs(beyond) < 4) & where]
        values += [float(edge.std()), float(((edge > 0.2) & (edge < 0.8)).mean())]
    return np.array(values, np.float32)
